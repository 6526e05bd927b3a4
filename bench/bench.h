/* What the files of the bench share. */
#ifndef EQ_BENCH_H
#define EQ_BENCH_H

/* A row. ratio: how many times better than the reference, or worse where the name says so. */
void report(const char *name, double value, const char *unit, const char *reference,
            double reference_value, double ratio);
_Noreturn void die(const char *what);
const char *program(void);       /* eqspice */
const char *ngspice(void);       /* the ngspice to compare with */
char *scratch(const char *name); /* a path in a folder that is removed at the end */
/* Seconds of a whole process; NAN when it fails or takes longer than `limit` seconds. */
double seconds_of(const char *const *argv, int limit);

void bench_networks(void);    /* networks.c: layers of units without a circuit */
void bench_transistors(void); /* transistors.c: NMOS networks beside ngspice */

#endif
