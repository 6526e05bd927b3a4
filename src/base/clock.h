#ifndef EQ_BASE_CLOCK_H
#define EQ_BASE_CLOCK_H

/* The monotonic clock, s. */
double eq_seconds_now(void);

#endif
