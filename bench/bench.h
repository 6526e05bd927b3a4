/* What the files of the bench share. */
#ifndef EQ_BENCH_H
#define EQ_BENCH_H

/* A row. ratio: how many times better than the reference, or worse where the name says so. */
void report(const char *name, double value, const char *unit, const char *reference,
            double reference_value, double ratio);
_Noreturn void die(const char *what);
const char *program(void);       /* eqspice */
char *scratch(const char *name); /* a path in a folder that is removed at the end */

void bench_networks(void); /* networks.c: layers of units without a circuit */

#endif
