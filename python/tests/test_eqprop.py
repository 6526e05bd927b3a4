"""Equilibrium Propagation from Python: against closed forms and the adjoint."""

import numpy as np
import pytest

import eqspice
from decks import DIODES

DIVIDER = "divider\nV1 in 0 10\nR1 in out 1k\nR2 out 0 3k\n.end\n"
X = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]])


def compare(symmetric, beta):
    """Relative error and cosine to the adjoint, parameters in logarithms."""
    c = eqspice.Circuit(text=DIODES)
    points = c.op({"v*": X})
    slope = {"x": points["x"] - 0.3, "y": 0.1}
    names = ["r*", "d*(is)", "v*"]
    scale = np.concatenate([c.get(n) for n in names])
    exact = c.vjp(slope, names, per_example=True) * scale
    estimate = c.eqprop(slope, names, beta=beta, symmetric=symmetric, per_example=True) * scale
    error = np.linalg.norm(estimate - exact) / np.linalg.norm(exact)
    return error, (estimate * exact).sum() / np.linalg.norm(estimate) / np.linalg.norm(exact)


@pytest.mark.parametrize("symmetric, order", [(False, 1.0), (True, 2.0)])
def test_error_and_order_against_the_adjoint(symmetric, order):
    small, large = compare(symmetric, 2e-6), compare(symmetric, 8e-6)
    assert np.log(large[0] / small[0]) / np.log(4.0) == pytest.approx(order, abs=0.1)
    assert small[0] < (1e-5 if symmetric else 1e-2) and small[1] > 0.9999


def test_the_estimate_is_a_difference_of_energies():
    c = eqspice.Circuit(text=DIVIDER)
    c.op()
    beta = 1e-4
    one_sided = c.vjp({"out": 1.0}, "r*", method="eqprop", beta=beta, symmetric=False)
    square = 0.5 * 750.0 ** 2 * beta
    assert one_sided == pytest.approx([-1e-6 * (2.5 * 750 + square), -1e-6 / 9 * (-7.5 * 750 + square)], rel=1e-7)
    assert c.eqprop({"out": 1.0}, "r*", beta=beta) == pytest.approx([-1.875e-3, 6.25e-4], rel=1e-7)


def test_a_trained_resistor_has_both_gradients():
    c = eqspice.Circuit(text=DIVIDER.replace(".end", "*% input v1\n*% output out\n*% train r2 gmin=1e-6 gmax=1\n.end"))
    c.op()
    assert c.eqprop({"out": 1.0}, ["r2", "r2(r)"], beta=1e-6) == pytest.approx([-5625.0, 6.25e-4], rel=1e-6)


def test_nudged_states_are_those_of_a_current_source():
    c = eqspice.Circuit(text=DIVIDER)
    c.op({"v1": [10.0, 4.0]})
    v = c.nudge({"out": [1e-6, -2e-6]})
    assert v["out"] == pytest.approx([7.5 + 750e-6, 3.0 - 1500e-6], rel=1e-12)
    assert v["i(v1)"] == pytest.approx([(7.5 + 750e-6 - 10.0) / 1e3, (3.0 - 1500e-6 - 4.0) / 1e3], rel=1e-9)


def test_what_is_no_gradient_is_told():
    c = eqspice.Circuit(text="no way back\nVin in 0 1\nR1 in a 1k\nR2 b 0 1k\nG1 0 b a 0 1m\nR3 a b 1k\n.end\n")
    c.op()
    with pytest.warns(eqspice.Warned, match="EqProp gradients may be biased"):
        c.eqprop({"b": 1.0}, "r*", beta=1e-6)
    with pytest.raises(TypeError, match="beta"):
        c.vjp({"b": 1.0}, method="eqprop")
    with pytest.raises(ValueError, match="neither"):
        c.vjp({"b": 1.0}, method="backprop")
    with pytest.raises(eqspice.UsageError, match="is no nudge"):
        c.eqprop({"b": 1.0}, beta=0.0)


def test_points_of_an_earlier_op():
    c = eqspice.Circuit(text=DIODES)
    first = c.op({"v*": X})
    want = c.eqprop({"x": 1.0}, "r*", beta=1e-6)
    c.op({"v1": 3.0})
    assert (c.eqprop({"x": 1.0}, "r*", beta=1e-6, at=first) == want).all()
