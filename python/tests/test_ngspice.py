"""The shim for a shared ngspice, against ngspice -b where it is installed."""

import pathlib
import re
import shutil
import subprocess

import numpy as np
import pytest

import eqspice
from eqspice.ngspice import NgSpiceCommandError, NgSpiceShared

DECK = """diode and divider
V1 in 0 2
R1 in out 1k
R2 out 0 3k
D1 out 0 dm
.model dm D(is=1e-14)
.end
"""


def shim():
    n = NgSpiceShared()
    assert n.load_circuit(DECK)
    return n


def ngspice(tmp_path, commands):
    deck = tmp_path / "d.cir"
    deck.write_text(DECK.replace(".end\n", ".control\nset numdgt=12\n" + commands + "\n.endc\n.end\n"))
    said = subprocess.run(["ngspice", "-n", "-b", deck], capture_output=True, text=True, timeout=60).stdout
    return [float(x) for x in re.findall(r"^v\(out\) = (\S+)", said, re.M)]


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="there is no ngspice")
def test_alter_and_op_agree_with_ngspice(tmp_path):
    theirs = ngspice(tmp_path, "op\nprint v(out)\nalter r2 = 500\nop\nprint v(out)\nalter @d1[area] = 3\n"
                               "alter r2 = 3k\nop\nprint v(out)")
    n, mine = shim(), []
    for before in ([], ["alter r2 = 500"], ["alter @d1[area] = 3", "alter r2=3k"]):
        for command in before + ["op"]:
            n.exec_command(command)
        mine.append(n.plot()["out"][0])
    assert len(theirs) == 3 and mine == pytest.approx(theirs, rel=1e-5)


def test_a_sweep_is_a_plot():
    n = shim()
    n.exec_command("dc v1 0 2 0.5")
    assert n.last_plot == "dc1" and n.plot()["v-sweep"].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    c = eqspice.Circuit(text=DECK)
    assert (n.plot("dc1")["v(out)"] == c.op({"v1": np.arange(5) * 0.5})["out"]).all()
    n.exec_command("dc v1 0 1 1 r2 1k 2k 1k")
    assert n.plot()["v1#branch"].shape == (4,) and n.plot()["in"].tolist() == [0, 1, 0, 1]
    assert n.plot_names == ["dc2", "dc1"]
    n.exec_command("destroy all")
    assert n.plot_names == []


def test_print_and_reset():
    n = shim()
    n.exec_command("alter r1 = 1meg")
    n.exec_command("op")
    changed = n.exec_command("print v(in) v(out)")
    n.exec_command("reset")
    n.exec_command("op")
    assert changed.startswith("v(in) = 2\nv(out) = 0.00")
    assert n.plot()["out"][0] > 0.5


@pytest.mark.parametrize("command, says", [
    ("frobnicate", "there is no command 'frobnicate' here; there are alter"), ("tran 1 2", "an analysis in time"),
    ("op 1", "stands alone"), ("print", "names of vectors"), ("destroy op7", "no plot 'op7'"), ("run", "neither"),
    ("setplot op7", "no plot 'op7'"), ("display", "run op or dc before"), ("dc v1 0 1 1 v1 0 1 1", "twice"),
    ("dc v1 0 1", "SOURCE START STOP STEP"),
    ("dc v1 0 1 -1", "does not lead"), ("alter r1", "NAME = VALUE"), ("alter r1 = x", "not a number")])
def test_wrong_commands_are_told(command, says):
    with pytest.raises(NgSpiceCommandError, match=says):
        shim().exec_command(command)
    with pytest.raises(NgSpiceCommandError, match="load_circuit"):
        NgSpiceShared().exec_command("op")
    with pytest.raises(KeyError, match="no vector"):
        n = shim()
        n.exec_command("op")
        n.plot()["nothing"]


def test_names_of_plots_are_those_of_ngspice():
    n = shim()
    for command in ("op", "dc v1 0 1 1", "op", "op", "dc v1 0 1 1", "dc r1 1k 2k 1k", "destroy op1", "op"):
        n.exec_command(command)
    assert n.plot_names == ["op4", "dc4", "dc3", "op3", "op2", "dc1"]  # as ngspice 39 lists them
    n.exec_command("setplot dc3")
    assert n.plot().plot_name == "dc3" and "Current dc3" in n.exec_command("setplot")
    n.destroy()
    n.exec_command("op")
    assert n.plot_names == ["op1"]


def test_the_methods_of_pyspice():
    n = NgSpiceShared.new_instance()
    assert n.load_circuit(DECK.replace(".end", ".dc v1 0 2\n+ 0.5\n.op\n.end"))
    assert n.run() and n.plot_names == ["op1", "dc1"]
    n.exec_command("alter @r2[resistance] = 501")
    n.alter_device("r2", r=500)
    n.exec_command("op")
    assert n.plot(None, "op2")["out"][0] == n.plot("op2")["v(out)"][0] < n.plot("op1")["out"][0]
    n.reset()
    n.exec_command("op")
    assert n.plot()["out"][0] == n.plot("op1")["out"][0]
    assert "     3 : R1 in out 1k" in n.listing()
    dc = n.plot("dc1")
    assert set(dc.nodes()) == {"in", "out"} and set(dc.branches()) == {"v1"}
    assert (dc.to_array(["v-sweep", "in"]) == np.arange(5)[:, None] * [0.5, 0.5]).all()
    assert dc.to_array().shape == (5, 4) and "out : 5 long" in (n.exec_command("setplot dc1") or n.exec_command("display"))
    with pytest.raises(NgSpiceCommandError, match="no vector 'v\\(out\\)-1'; it has .*formulas are Python's"):
        n.exec_command("print v(out)-1")
    assert n.circuit.find("r*") == ["r1", "r2"]
