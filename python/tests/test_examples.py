"""The examples run as they stand."""

import pathlib
import subprocess
import sys

import pytest

EXAMPLES = sorted((pathlib.Path(__file__).resolve().parents[2] / "examples").glob("*.py"))
RUNS = [(e, *how) for e in EXAMPLES for how in ([("eqprop",), ("adjoint",)] if "torch" in e.name else [()])]


@pytest.mark.parametrize("run", RUNS, ids=lambda r: "-".join((r[0].stem, *r[1:])))
def test_it_runs(run, tmp_path):
    if "torch" in run[0].name:
        pytest.importorskip("torch")
    done = subprocess.run([sys.executable, "-B", *run], cwd=tmp_path, capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
