"""us for each solve of netlists/divider.cir from Python, one input vector a call and 1,000: the best of 50 rounds.
`make bench` runs it and measures the same calls from C."""

import time

import numpy as np

import eqspice

c = eqspice.Circuit("netlists/divider.cir")


def best(vectors, calls):
    x, least = np.linspace(0.0, 10.0, vectors).reshape(-1, 1), np.inf
    for _ in range(50):
        start = time.perf_counter()
        for _ in range(calls):
            c.op({"v1": x})
        least = min(least, time.perf_counter() - start)
    return 1e6 * least / calls / vectors


print(best(1, 2000), best(1000, 4))
