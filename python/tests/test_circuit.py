"""Operating points and gradients against closed forms and differences."""

import copy
import gc
import math
import os
import pathlib
import pickle
import resource
import threading
import time
import weakref

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


def test_inputs_are_of_one_call_and_parameters_are_kept():
    c = eqspice.Circuit(text=DIVIDER)
    assert c.op({"r1": [1e3, 9e3]})["out"] == pytest.approx([7.5, 2.5], rel=1e-12)
    assert c.get("r1") == 1e3 and c.op()["out"] == pytest.approx(7.5, rel=1e-12)
    c.op(params={"r1": 9e3})
    assert c.get("r1") == 9e3 and c.op()["out"] == pytest.approx(2.5, rel=1e-12)


def test_parameters_are_set_all_or_none():
    c = eqspice.Circuit(text=DIVIDER)
    for wrong in ({"r1": 5.0, "zz": 2.0}, {"r*": [4e3, float("nan")]}, {"r1": 5.0, "r2": [1.0, 2.0]},
                  {"r1": 5.0, "r*": [6.0, float("inf")]}):
        with pytest.raises((eqspice.InputError, ValueError)):
            c.op(params=wrong)
        assert c.get("r*").tolist() == [1e3, 3e3]
    with pytest.raises(eqspice.InputError):
        c.set("r*", [7e3, float("nan")])
    assert c.get("r*").tolist() == [1e3, 3e3] and c.op()["out"] == pytest.approx(7.5, rel=1e-12)


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


def resident():
    """KiB of the process."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


@pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="there is no /proc")
def test_memory_does_not_grow_with_the_solves():
    """50,000 solves; a million with EQSPICE_LONG. Every tenth with a gradient, every hundredth without an
    answer."""
    c = eqspice.Circuit(text=DIODES)
    x = np.ones((1, 2))

    def work(n):
        for k in range(n):
            c.op({"v*": x})
            if k % 10 == 0:
                c.vjp({"x": 1.0}, "r*")
                c.eqprop({"x": 1.0}, "r*", beta=1e-6)
            if k % 100 == 0:
                with pytest.raises(eqspice.InputError):
                    c.op({"r1": float("nan")})

    work(5000)
    before = resident()
    work(1000000 if os.environ.get("EQSPICE_LONG") else 50000)
    assert resident() - before < 512  # KiB


def test_circuits_come_and_go_without_growth():
    def work(n):
        for _ in range(n):
            eqspice.Circuit(text=DIODES).op({"v1": 1.0})

    work(300)
    before = resident()
    work(2000)
    assert resident() - before < 1024  # KiB


def test_a_circuit_goes_with_its_last_user():
    """No waiting for the collector; points and trained gradients outlive the name."""
    gc.disable()
    try:
        c = eqspice.Circuit(text=DIODES)
        v, gone = c.op({"v1": 1.0}), weakref.ref(c)
        del c
        assert gone() is not None and gone().vjp({"x": 1.0}, "r1").shape == (1,)
        del v
        assert gone() is None
    finally:
        gc.enable()


def test_other_threads_of_python_run_during_a_solve():
    c, x = eqspice.Circuit(text=DIODES), np.ones((20000, 2))
    span, ticks = [], []

    def work():
        span.append(time.perf_counter())
        c.op({"v*": x})
        span.append(time.perf_counter())

    t = threading.Thread(target=work)
    t.start()
    while t.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(1e-4)
    t.join()
    tenth = (span[1] - span[0]) / 10  # a lock held to the end would show none in between
    assert sum(span[0] + tenth < k < span[1] - tenth for k in ticks) >= 2


def test_one_circuit_in_many_threads_waits():
    c, bad = eqspice.Circuit(text=DIVIDER), []

    def work(k):
        for n in range(50):
            v = c.op({"v1": np.full(1 + (k + n) % 20, float(k))})
            bad.extend(b for b in v["out"] if abs(b - 0.75 * k) > 1e-12)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert bad == []


@pytest.mark.parametrize("deck, nodes", [
    ("V1 a 0 1\nC1 a lonely 1p\nC2 lonely 0 1p\nR1 a 0 1", ("lonely",)),
    ("V1 a 0 1\nR1 a 0 1\nR2 p q 1\nR3 q r 1", ("p", "q", "r")),
    ("I1 0 top 1m\nI2 top 0 1m\nR1 a 0 1", ("top",)),
    ("V1 a 0 1\nV2 a 0 2\nR1 a 0 1", ())])
def test_errors_name_their_nodes(deck, nodes):
    with pytest.raises(eqspice.SingularError) as e:
        eqspice.Circuit(text=f"t\n{deck}\n.end\n", name="mine.cir")
    assert e.value.nodes == nodes, str(e.value)
    assert e.value.place is None or e.value.place[0] == "mine.cir"


def test_a_row_without_an_answer_names_its_place_and_number():
    c = eqspice.Circuit(text="t\nV1 a 0 1\nR1 a x 1\nG1 x 0 x 0 0\n.end\n", name="mine.cir")
    with pytest.raises(eqspice.SingularError, match="row 2 of the 2") as e:
        c.op({"g1": [1.0, -1.0]})
    assert e.value.nodes == ("x",) and e.value.place[:2] == ("mine.cir", 3)


def test_what_is_known_of_a_parameter():
    c = eqspice.Circuit(text=DIVIDER)
    assert c.about("r1")[:2] == ("r", "ohm") and c.about("r1")[4]
    assert c.about("v1")[:2] == ("dc", "V")
    assert c.trainable() == ["v1", "r1", "r2"]


def test_points_of_another_circuit_are_refused():
    c, other = eqspice.Circuit(text=DIVIDER), eqspice.Circuit(text=DIVIDER)
    c.op()
    with pytest.raises(ValueError, match="of another circuit"):
        c.vjp({"out": 1.0}, "r*", at=other.op())
    with pytest.raises(ValueError, match="of another circuit"):
        c.eqprop({"out": 1.0}, "r*", beta=1e-6, at=other.op())
    with pytest.raises(ValueError, match="of another circuit"):
        c.nudge({"out": 1e-6}, at=other.op())


def test_two_values_for_one_input_are_refused():
    with pytest.raises(ValueError, match="'v\\*' gives 'v1' a value that another pattern gives too"):
        eqspice.Circuit(text=DIODES).op({"v1": 1.0, "v*": 2.0})


def test_null_bytes_end_no_name():
    c = eqspice.Circuit(text=DIVIDER)
    for call in (lambda: eqspice.Circuit(NETLISTS / "divider.cir\0.x"), lambda: c.get("r1\0x"),
                 lambda: eqspice.open("runs\0x"), lambda: eqspice.train("x.xml\0"),
                 lambda: eqspice.train(NETLISTS / "xor.xml", set={"epochs.count": "1\x002"})):
        with pytest.raises(ValueError, match="null byte"):
            call()


def test_a_circuit_says_that_it_is_not_copied():
    c = eqspice.Circuit(text=DIVIDER.encode())
    for take in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="make another one of its deck"):
            take(c)


def test_errors_reach_other_processes():
    with pytest.raises(eqspice.InputError) as e:
        eqspice.Circuit(text="t\nV1 a 0 1\nR1 a b x\n.end\n", name="mine.cir")
    got = pickle.loads(pickle.dumps(e.value))
    assert type(got) is eqspice.InputError and str(got) == str(e.value) and got.place == e.value.place


def test_a_file_that_is_no_library_of_compiled_models_is_refused(tmp_path):
    text = tmp_path / "no.osdi"
    text.write_text("no library")
    with pytest.raises(eqspice.InputError, match="cannot be opened as a library"):
        eqspice.allow_osdi(text)


def test_names_of_buses_are_no_patterns():
    c = eqspice.Circuit(text="t\nV1 a[0] 0 1\nR[1] a[0] b 1k\nR[2] b 0 3k\nR1 b 0 7k\n.end\n")
    assert c.get("r[1]") == 1e3 and c.find("r[?]") == ["r[1]", "r[2]"] and c.find("r*") == ["r[1]", "r[2]", "r1"]
    c.set("R[1]", 2e3)
    assert c.get("r1") == 7e3 and c.get("r[1]") == 2e3
    assert c.trainable() == ["v1", "r[1]", "r[2]", "r1"]
    c.op()
    each = [c.vjp({"b": 1.0}, name)[0] for name in c.trainable()]
    assert c.vjp({"b": 1.0}).tolist() == each and each[1] != each[3]


def test_names_are_those_of_the_deck_in_any_encoding():
    c = eqspice.Circuit(text="t\nV1 a 0 1\nR1 a Ö 1k\nR2 Ö 0 1k\nR3 a ö 1k\nR4 ö 0 3k\n.end\n")
    v = c.op()
    assert v["Ö"] == pytest.approx(0.5) and v["ö"] == pytest.approx(0.75) and set(v) == {"0", "a", "Ö", "ö", "i(v1)"}
    latin = eqspice.Circuit(text="t\nV1 a 0 1\nRÜ a b 1k\nR2 b 0 1k\n.end\n".encode("latin-1"))
    name = latin.elements[1]
    assert latin.get(name) == 1e3 and latin.find("r*") == [name, "r2"] and latin.op()["b"] == pytest.approx(0.5)


def test_what_op_gives_may_be_worked_on():
    c = eqspice.Circuit(text=DIVIDER)
    for x in ([1.0, 2.0], np.linspace(1.0, 2.0, 40)):
        miss = c.op({"v1": x})["out"] - 1.0
        right = c.vjp({"out": miss}, "r*")
        points = c.op({"v1": x})
        miss = points["out"]
        miss -= 1.0
        assert c.vjp({"out": miss}, "r*").tolist() == right.tolist()
        for table in (points.v, points.i, points.x, c.nudge({"out": 1e-6}).v):
            with pytest.raises(ValueError, match="read-only"):
                table += 1.0


def test_gradients_are_those_of_the_parameters_of_their_points():
    c = eqspice.Circuit(text=DIVIDER)
    points = c.op()
    right = c.vjp({"out": 1.0}, "r1")
    c.set("r1", 2e4)
    for take in (lambda: c.vjp({"out": 1.0}, "r1"), lambda: c.eqprop({"out": 1.0}, "r1", beta=1e-6),
                 lambda: c.vjp({"out": 1.0}, "r1", at=points)):
        with pytest.raises(ValueError, match="another r of r1, 1000 and not 20000"):
            take()
    later = c.op()
    assert c.vjp({"out": 1.0}, "r1")[0] == pytest.approx(-10.0 * 3e3 / 23e3**2)
    c.op(params={"r*": [1e3, 3e3]})
    assert c.vjp({"out": 1.0}, "r1", at=points).tolist() == right.tolist()
    with pytest.raises(ValueError, match="20000 and not 1000"):
        c.vjp({"out": 1.0}, "r1", at=later)
    with pytest.raises(ValueError, match="not finite"):
        c.vjp({"out": float("nan")}, "r1")


def test_an_op_that_fails_sets_nothing():
    c = eqspice.Circuit(text=DIVIDER)
    points = c.op()
    for inputs in ({"v1": float("nan")}, {"q": 1.0}, {"v1": np.ones((2, 2))}):
        with pytest.raises((eqspice.InputError, ValueError)):
            c.op(inputs, params={"r1": 9e3})
        assert c.get("r1") == 1e3 and c.vjp({"out": 1.0}, "r1", at=points).shape == (1,)


def test_warnings_are_pythons_at_the_line_of_the_caller():
    c = eqspice.Circuit(text="t\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\nG1 d 0 b 0 1m\nR3 d 0 1k\n.end\n")
    c.op()
    for take in (lambda: c.vjp({"d": 1.0}, "r1", method="eqprop", beta=1e-6),
                 lambda: c.eqprop({"d": 1.0}, "r1", beta=1e-6)):
        with pytest.warns(eqspice.Warned, match="biased") as w:
            take()
        assert {one.filename for one in w} == {__file__}


def test_errors_of_two_threads_keep_apart():
    c, wrong = eqspice.Circuit(text=DIVIDER), []

    def work(name):
        for _ in range(500):
            try:
                c.get(name)
            except eqspice.InputError as e:
                wrong.extend([str(e)] if f"'{name}'" not in str(e) else [])

    threads = [threading.Thread(target=work, args=(f"q{k}",)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_plans_of_many_inputs_do_not_pile_up():
    c = eqspice.Circuit(text="t\n" + "".join(f"V{k} n{k} 0 1\nR{k} n{k} 0 1k\n" for k in range(100)) + ".end\n")
    first = c.op({"v0": 2.0})
    for k in range(100):
        assert c.op({f"v{k}": 3.0})[f"n{k}"] == 3.0
    assert len(c._plans) == 64 and c.vjp({"n0": 1.0}, "v0", at=first)[0] == pytest.approx(1.0)


def test_threads_are_a_number_of_c():
    for threads in (0, -1, 2**32 + 1, 2**40):
        with pytest.raises(ValueError, match="give 1 to 4096"):
            eqspice.Circuit(text=DIVIDER, threads=threads)


def test_parameters_that_were_not_given_are_put_back():
    c = eqspice.Circuit(text="t\nV1 in 0 10\nR1 in out 1k\nD1 out 0 dm\n.model dm d is=1e-14\n.end\n")
    points, before = c.op(), c.op()["out"]
    for params in ({"d1(temp)": 120.0}, {"d1(temp)": 120.0, "r1": float("nan")}):
        with pytest.raises(eqspice.InputError):
            c.op({"nothing": 1.0}, params=params)
        assert math.isnan(c.get("d1(temp)")) and c.op()["out"] == before
    assert c.vjp({"out": 1.0}, "r1", at=points).shape == (1,)


def test_a_parameter_that_was_an_input_may_be_set_behind_it():
    c = eqspice.Circuit(text=DIVIDER)
    points = c.op({"r1": [1e3, 2e3]})
    right = c.vjp({"out": 1.0}, "r1")
    c.set("r1", 5e3)
    assert c.vjp({"out": 1.0}, "r1", at=points).tolist() == right.tolist()


def test_names_are_found_whatever_their_parameters():
    c = eqspice.Circuit(text=DIODES)
    assert c.find("*") == ["v1", "v2", "r1", "r2", "d1"] and c.find("d*") == ["d1"]
