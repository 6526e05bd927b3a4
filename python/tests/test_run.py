"""Trained networks from their folders, against what the program says of them."""

import copy
import csv
import json
import os
import pathlib
import pickle
import shutil
import subprocess

import numpy as np
import pytest

import eqspice

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("EQSPICE_LIBRARY", ROOT / "build" / "libeqspice.so")).parent / "eqspice"


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "iris"
    seen = []
    eqspice.train(ROOT / "netlists" / "iris.xml", folder, set={"epochs.count": 10}, on_epoch=seen.append)
    return folder, seen


def test_eval_is_the_last_row_of_the_training(iris):
    folder, seen = iris
    run = eqspice.open(folder)
    e = run.eval()
    assert e.error == seen[-1].test_error and e.loss == pytest.approx(seen[-1].test_loss, rel=1e-9)
    assert (run.epochs, run.epoch, run.best) == (10, 10, None)
    assert e.wrong == (e.true != e.predicted).sum() and e.examples == len(e.true)
    counted = np.zeros((3, 3), int)
    np.add.at(counted, (e.true, e.predicted), 1)
    assert (e.confusion == counted).all() and len(e.class_names) == 3
    assert (e.outputs.argmax(axis=1) == e.predicted).all() and e.potentials is None and e.power is None
    assert run.metrics["epoch"].tolist() == list(range(1, 11))
    assert run.metrics["train_loss"] == pytest.approx([m.train_loss for m in seen], rel=1e-8)


def test_the_circuit_gives_the_outputs(iris):
    run = eqspice.open(iris[0])
    e, c = run.eval(potentials=True), run.circuit()
    del run  # the circuit keeps it
    sources = [n for n in c.elements if n.startswith("vx")]
    nodes = [n for n in c.nodes if n in e.potentials]
    x = np.stack([e.potentials[n[1:]] for n in sources], axis=1)
    v = c.op({n: x[:, k] for k, n in enumerate(sources)})
    assert max(np.abs(v[n] - e.potentials[n]).max() for n in nodes) < 1e-6


@pytest.mark.skipif(not PROGRAM.exists(), reason=f"there is no {PROGRAM}")
def test_it_is_what_the_program_says(iris, tmp_path):
    e = eqspice.open(iris[0]).eval(data=ROOT / "data" / "iris.csv", power=True)
    said = json.loads(subprocess.run([PROGRAM, "eval", iris[0], "--json", "--power", "--data", ROOT / "data" / "iris.csv",
                                      "--predictions", tmp_path / "p.csv"], check=True, capture_output=True, text=True).stdout)
    assert (said["examples"], said["wrong"], said["loss"]) == (150, e.wrong, pytest.approx(e.loss, rel=1e-12))
    assert e.power.watts == pytest.approx(said["watts"]["total"], rel=1e-6)
    assert list(e.power.layer) == pytest.approx(said["watts"]["layer"])
    assert e.power.group == pytest.approx(said["watts"]["group"])
    assert e.power.element_class == pytest.approx({k: v for k, v in said["watts"]["class"].items() if v})
    rows = list(csv.DictReader(open(tmp_path / "p.csv")))
    assert [r["predicted"] for r in rows] == [e.class_names[k] for k in e.predicted]
    assert [float(r["y1"]) for r in rows] == pytest.approx(e.outputs[:, 0])


def test_other_examples_bring_their_labels(tmp_path):
    rng = np.random.default_rng(1)
    x, y = rng.random((40, 16)), np.arange(40) % 2
    order = rng.permutation(40)
    for name, a in {"x": x, "y": y, "xo": x[order], "yo": y[order]}.items():
        np.save(tmp_path / f"{name}.npy", a)
    (tmp_path / "e.xml").write_text(
        '<experiment><network kind="discrete" layers="16,8,2"/><data format="npy" path="x.npy" labels="y.npy" '
        'test-fraction="0.5"/><cost type="squared-error"/><estimator beta="0.5" nudging="energy"/>'
        '<optimizer type="sgd" rate="0.1"/><epochs count="2"/></experiment>')
    eqspice.train(tmp_path / "e.xml", tmp_path / "run")
    run = eqspice.open(tmp_path / "run")
    own = run.eval(tmp_path / "x.npy")
    other = run.eval(tmp_path / "xo.npy", labels=tmp_path / "yo.npy")
    assert own.examples == 40 and other.wrong == own.wrong and list(other.true) == list(y[order])
    with pytest.raises(eqspice.UsageError, match="--labels"):
        run.eval(tmp_path / "xo.npy")


def test_targets(tmp_path):
    eqspice.train(ROOT / "netlists" / "sine.xml", tmp_path / "sine", set={"epochs.count": 2})
    e = eqspice.open(tmp_path / "sine").eval()
    assert e.true.shape == e.predicted.shape == (e.examples, 1) and np.isnan(e.error) and e.confusion is None
    assert e.rmse == pytest.approx(np.sqrt(((e.true - e.predicted) ** 2).mean()))
    assert e.targets[0].name == "y" and e.targets[0].mae == pytest.approx(np.abs(e.true - e.predicted).mean())


def test_under_change(iris):
    warm = eqspice.open(iris[0], temp=80.0).eval()
    assert warm.loss != eqspice.open(iris[0]).eval().loss
    with pytest.raises(eqspice.Error, match="no temperature"):
        eqspice.open(iris[0], temp=-300.0)
    with pytest.raises(eqspice.Error, match="did you mean"):
        eqspice.open(iris[0], set={"encoding.scal": 1})
    for name, value in (("seed", 3), ("data.test-fraction", 0.9)):
        with pytest.raises(eqspice.UsageError, match="cannot be in an evaluation"):
            eqspice.open(iris[0], set={name: value})


def test_a_setting_has_no_line():
    with pytest.raises(eqspice.Error, match="^--set estimator.beta=nan: "):
        eqspice.train(ROOT / "netlists" / "iris.xml", set={"estimator.beta": float("nan")})


def test_what_is_no_run_is_told(tmp_path):
    for folder in (tmp_path / "nothing", tmp_path):
        with pytest.raises(eqspice.Error, match=str(folder)):
            eqspice.open(folder)


def test_a_circuit_of_a_run_is_its_own(iris):
    run = eqspice.open(iris[0])
    before, c = run.eval().loss, run.circuit()
    trained = c.get("rw*")
    c.set("rw*", trained * 2.0)
    assert run.eval().loss == before and run.circuit().get("rw*").tolist() == trained.tolist()


def test_a_run_is_not_copied(iris):
    run = eqspice.open(iris[0])
    for take in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="open its folder once more"):
            take(run)
    assert run.eval().examples > 0


def test_a_file_without_rows_has_no_metrics(tmp_path, iris):
    shutil.copytree(iris[0], tmp_path / "run")
    run = eqspice.open(tmp_path / "run")
    (tmp_path / "run" / "metrics.csv").write_text("")
    assert run.metrics == {}


def test_no_number_is_no_temperature(iris):
    with pytest.raises(ValueError, match="no temperature"):
        eqspice.open(iris[0], temp=float("nan"))


def test_a_circuit_is_that_of_the_run_that_was_opened(iris, tmp_path, monkeypatch):
    shutil.copytree(iris[0], tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    run = eqspice.open("run")
    monkeypatch.chdir("/")
    assert run.circuit().find("rw*")
    checkpoint = tmp_path / "run" / "checkpoint"
    os.utime(checkpoint, ns=(1, 1))
    with pytest.raises(eqspice.InputError, match="open it once more"):
        run.circuit()
