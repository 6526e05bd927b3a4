/* How an evaluation is told: for people, and as one JSON object. */
#ifndef EQ_CLI_EVAL_H
#define EQ_CLI_EVAL_H

#include "train/attack.h"

/* The width of a column of the names of classes or targets, and a name in it. */
size_t eq_names_width(const eq_evaluation *e);
void eq_print_name(const char *name, size_t width);
void eq_print_classes(const eq_evaluation *e);
void eq_print_power(const eq_circuit *c, const eq_inference *i, double farad);
void eq_print_attack(const eq_evaluation *e, const eq_attack_options *o, const eq_attack *a);
void eq_print_draws(const eq_evaluation *e, const eq_chip_draws *d);
/* epoch: whose network it is; drawn NULL: no chips. */
void eq_print_evaluation_json(const eq_circuit *c, const eq_inference *i,
                              const eq_attack_options *o, const eq_attack *a,
                              const eq_chip_draws *drawn, size_t epoch);

#endif
