"""Trainings from Python are those of the program."""

import csv
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

import eqspice

NETLISTS = pathlib.Path(__file__).resolve().parents[2] / "netlists"


def test_epochs_are_seen_and_are_those_of_the_file(tmp_path):
    seen, folder = [], tmp_path / "run"
    last = eqspice.train(NETLISTS / "iris.xml", folder, on_epoch=seen.append)
    assert last[:5] == seen[-1][:5]
    rows = list(csv.DictReader(open(folder / "metrics.csv")))
    assert [float(r["train_loss"]) for r in rows] == pytest.approx([m.train_loss for m in seen], rel=1e-8)




def test_an_exception_in_on_epoch_ends_the_training(tmp_path):
    def bad(m):
        if m.epoch == 2:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        eqspice.train(NETLISTS / "iris.xml", tmp_path / "run", on_epoch=bad)
    assert (tmp_path / "run" / "checkpoint").exists()
    last = eqspice.train(NETLISTS / "iris.xml", tmp_path / "run", resume=True)
    whole = eqspice.train(NETLISTS / "iris.xml")
    assert last[:5] == whole[:5]


def test_settings_change_the_experiment():
    seen = []
    last = eqspice.train(NETLISTS / "iris.xml", set={"epochs.count": 3, "estimator.beta": 2e-7},
                         on_epoch=seen.append, watch_gradient=True)
    assert last.epoch == 3 and len(seen) == 3 and 0.9 < last.gradient_cosine < 1.0 + 1e-12
    with pytest.raises(eqspice.Error, match="did you mean"):
        eqspice.train(NETLISTS / "iris.xml", set={"estimator.betta": 1})


def test_a_bad_experiment_has_its_place(tmp_path):
    (tmp_path / "x.xml").write_text("<experiment>\n  <dada/>\n</experiment>\n")
    with pytest.raises(eqspice.InputError) as e:
        eqspice.train(tmp_path / "x.xml")
    assert e.value.place[1] in (1, 2)


def test_ctrl_c_is_told_as_such_and_engines_by_name():
    def interrupt(m):
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(eqspice.Interrupted, match="^interrupted$"):
        eqspice.train(NETLISTS / "xor.xml", on_epoch=interrupt)
    with pytest.raises(ValueError, match="none of auto, layered, sparse"):
        eqspice.train(NETLISTS / "xor.xml", engine="fast")


@pytest.mark.parametrize("watched", [False, True])
def test_ctrl_c_is_heard_within_an_epoch(tmp_path, watched):
    """Of an interpreter of its own: in a training Python's handlers would be called at its end alone."""
    program = f"""
import eqspice
try:
    eqspice.train({str(NETLISTS / "iris.xml")!r}, {str(tmp_path / "run")!r}, set={{"epochs.count": 10000000}},
                  on_epoch={"lambda m: None" if watched else None})
except eqspice.Interrupted:
    print("interrupted", flush=True)
    raise SystemExit(7)
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True,
                             env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    try:
        while not (tmp_path / "run" / "metrics.csv").exists():
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 7 and child.stdout.read() == "interrupted\n"
    finally:
        child.kill()
        child.wait()
    assert (tmp_path / "run" / "checkpoint").exists()


def test_signals_are_as_before():
    handler, waiting = signal.getsignal(signal.SIGINT), signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(waiting)
    eqspice.train(NETLISTS / "xor.xml", set={"epochs.count": 1})
    assert signal.getsignal(signal.SIGINT) is handler and signal.set_wakeup_fd(waiting) == waiting


def test_a_training_warns():
    with pytest.warns(eqspice.Warned, match="of the exact"):
        eqspice.train(NETLISTS / "iris.xml", set={"epochs.count": 1, "estimator.beta": 1.0})
