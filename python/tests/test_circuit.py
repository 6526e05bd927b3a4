"""Operating points and gradients against closed forms and differences."""

import math
import pathlib
import resource
import threading

import numpy as np
import pytest

import eqspice

NETLISTS = pathlib.Path(__file__).resolve().parents[2] / "netlists"
DIVIDER = "divider\nV1 in 0 10\nR1 in out 1k\nR2 out 0 3k\n.end\n"
DIODES = "two cells\nV1 a 0 1\nV2 b 0 1\nR1 a x 1k\nR2 b x 2k\nD1 x 0 dm\n.model dm D(is=1e-12 n=1.2)\n.end\n"


def test_divider_has_its_closed_form():
    c = eqspice.Circuit(text=DIVIDER)
    v = c.op()
    assert v["out"] == pytest.approx(7.5, rel=1e-12)
    assert v["i(V1)"] == pytest.approx(-2.5e-3, rel=1e-12)
    assert set(v) == {"0", "in", "out", "i(v1)"}


def test_shapes_follow_the_inputs():
    c = eqspice.Circuit(text=DIODES)
    assert isinstance(c.op({"v1": 2.0})["x"], float)
    assert c.op({"v1": [1.0, 2.0, 3.0]})["x"].shape == (3,)
    assert isinstance(c.op({"v*": [1.0, 2.0]})["x"], float)
    v = c.op({"v*": [[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]]})
    assert v["a"].tolist() == [1.0, 3.0, 0.0] and v["b"].tolist() == [2.0, 4.0, 0.0]
    mixed = c.op({"v1": [5.0, 6.0], "v2": 7.0})
    assert mixed["b"].tolist() == [7.0, 7.0]
    with pytest.raises(ValueError, match=r"'v\*' has 2 elements"):
        c.op({"v*": np.ones((3, 4))})
    with pytest.raises(ValueError, match="3 examples, others have 2"):
        c.op({"v1": [1.0, 2.0], "v2": [1.0, 2.0, 3.0]})


def test_diode_meets_kcl():
    c = eqspice.Circuit(text=DIODES)
    v = c.op({"v*": [[1.0, 2.0], [3.0, 0.5]]})
    vt = 8.617333262e-5 * 300.15
    into = (v["a"] - v["x"]) / 1e3 + (v["b"] - v["x"]) / 2e3
    assert into == pytest.approx(1e-12 * np.expm1(v["x"] / (1.2 * vt)), rel=1e-4)  # the constants differ in the 7th digit


def test_batches_and_threads_change_no_bit():
    x = np.random.default_rng(1).normal(size=(200, 2))
    one = eqspice.Circuit(text=DIODES).op({"v*": x}).v
    four = eqspice.Circuit(text=DIODES, threads=4).op({"v*": x}).v
    c = eqspice.Circuit(text=DIODES)
    single = np.array([c.op({"v*": row}).v[0] for row in x])
    assert (one == four).all() and (one == single).all()


def test_gradients_agree_with_differences():
    c = eqspice.Circuit(text=DIODES)
    x, target = np.array([[1.0, 2.0], [3.0, 0.5]]), np.array([0.3, 0.4])

    def cost():
        return 0.5 * ((c.op({"v*": x})["x"] - target) ** 2)

    cost()
    slope = c.op({"v*": x})["x"] - target
    for pattern in ("r1", "r2", "d1(is)"):
        exact, old = c.vjp({"x": slope}, pattern, per_example=True)[:, 0], c.get(pattern)
        h = 1e-5 * old
        c.set(pattern, old + h)
        high = cost()
        c.set(pattern, old - h)
        low = cost()
        c.set(pattern, old)
        assert exact == pytest.approx((high - low) / (2 * h), rel=1e-5)
        c.op({"v*": x})
    assert c.vjp({"x": slope}, ["r1", "r2"]) == pytest.approx(
        c.vjp({"x": slope}, "r*", per_example=True).sum(axis=0), rel=1e-15)


def test_the_gradient_by_an_input_needs_no_parameter():
    c = eqspice.Circuit(text=DIVIDER)
    c.op({"v1": [1.0, 4.0]})
    assert c.vjp({"out": 1.0}, "v1", per_example=True)[:, 0] == pytest.approx([0.75, 0.75])


def test_parameters_by_pattern():
    c = eqspice.Circuit(text=DIVIDER)
    assert c.find("r*") == ["r1", "r2"]
    assert c.get("r*").tolist() == [1e3, 3e3] and c.get("r2") == 3e3
    assert c.op(params={"r*": [1e3, 1e3]})["out"] == pytest.approx(5.0, rel=1e-12)
    assert c.op(params={"r*": 2e3})["out"] == pytest.approx(5.0, rel=1e-12)
    assert c.get("r1") == 2e3
    with pytest.raises(KeyError, match="no element fits 'q"):
        c.get("q*")


def test_errors_have_their_place():
    with pytest.raises(eqspice.InputError) as e:
        eqspice.Circuit(text="t\nV1 a 0 1\nR1 a b x\n.end\n", name="mine.cir")
    assert e.value.place[:2] == ("mine.cir", 3) and "mine.cir:3:" in str(e.value)
    with pytest.raises(eqspice.SingularError, match="lonely"):
        eqspice.Circuit(text="t\nV1 a 0 1\nC1 a lonely 1p\nC2 lonely 0 1p\n.end\n")
    with pytest.raises(eqspice.Error, match="nowhere.cir"):
        eqspice.Circuit("nowhere.cir")
    with pytest.raises(eqspice.Error, match="r of r1 cannot be nan"):
        eqspice.Circuit(text=DIVIDER).set("r1", float("nan"))
    with pytest.raises(TypeError):
        eqspice.Circuit()
    with pytest.raises(KeyError, match="no node 'outt'"):
        eqspice.Circuit(text=DIVIDER).op()["outt"]
    with pytest.raises(RuntimeError, match="before an op"):
        eqspice.Circuit(text=DIVIDER).vjp({"out": 1.0})


def test_other_circuits_in_other_threads():
    answers = [None] * 4

    def work(k):
        c = eqspice.Circuit(text=DIVIDER)
        answers[k] = c.op({"v1": np.full(500, float(k))})["out"]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all(np.allclose(a, 0.75 * k, rtol=1e-12, atol=1e-15) for k, a in enumerate(answers))


def test_a_shipped_deck_by_path():
    v = eqspice.Circuit(NETLISTS / "divider.cir").op()
    assert math.isclose(v["out"], 7.5, rel_tol=1e-12)


def test_memory_does_not_grow_with_the_solves():
    c = eqspice.Circuit(text=DIVIDER)
    x = np.ones((1, 1))

    def run(n):
        for _ in range(n):
            c.op({"v1": x})
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = run(5000)
    assert run(50000) - before < 1024  # KiB
