"""Operating points, gradients and a training from Python; a notebook without the notebook.

    python3 examples/batch.py
"""

# %% A circuit: read once, analyzed once.
import pathlib

import numpy as np

import eqspice

here = pathlib.Path(__file__).resolve().parent
c = eqspice.Circuit(here / "diode.cir", threads=2)
print(c, "nodes:", ", ".join(c.nodes[1:]))

# %% A thousand operating points in one call.
vin = np.linspace(-1.0, 3.0, 1000)
v = c.op({"v1": vin})
print(f"v(out) from {v['out'].min():.4g} V to {v['out'].max():.4g} V, "
      f"i(v1) at most {np.abs(v['i(v1)']).max() * 1e3:.3g} mA")

# %% What moves the output: the adjoint gives all slopes at once.
point = c.op({"v1": 2.0})
for name, slope in zip(["r1", "r2", "d1(is)"], c.vjp({"out": 1.0}, ["r1", "r2", "d1(is)"])):
    print(f"d v(out) / d ln {name:7s} {slope * c.get(name) * 1e3:9.4f} mV")

# %% Fit r1 and is to a curve, by descent in logarithms.
names, wanted = ["r1", "d1(is)"], v["out"][::50]
for name in names:
    c.set(name, 3.0 * c.get(name))
rate, before = 0.3, np.inf
for step in range(200):
    miss = c.op({"v1": vin[::50]})["out"] - wanted
    slope = c.vjp({"out": miss}, names) * [c.get(n) for n in names]
    loss = float((miss ** 2).mean())
    if loss < 1e-12:
        break
    rate, before = (0.7 * rate if loss > before else rate), loss
    for name, s in zip(names, slope / np.linalg.norm(slope)):
        c.set(name, c.get(name) * np.exp(-rate * s))
print(f"fitted: mean squared difference {loss:.2g} V^2, r1 = {c.get('r1'):.4g} ohm, "
      f"is = {c.get('d1(is)'):.4g} A")
assert loss < 1e-12

# %% A training, seen epoch by epoch.
curve = []
last = eqspice.train(here.parent / "netlists" / "iris.xml", on_epoch=curve.append)
print(f"Iris: {len(curve)} epochs, held-out error {curve[0].test_error:.1%} -> {last.test_error:.1%}")
