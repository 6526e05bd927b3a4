/* How an evaluation is told: for people, and as one JSON object. */
#ifndef EQ_CLI_EVAL_H
#define EQ_CLI_EVAL_H

#include "train/train.h"

void eq_print_classes(const eq_evaluation *e);
void eq_print_power(const eq_circuit *c, const eq_inference *i, double farad);
/* epoch: whose network it is. */
void eq_print_evaluation_json(const eq_circuit *c, const eq_inference *i, size_t epoch);

#endif
