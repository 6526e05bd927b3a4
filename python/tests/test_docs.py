"""docs/python.md runs as it is written: its Python in one process, its commands in a folder with a copy of what they
need."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = pathlib.Path(os.environ.get("EQSPICE_LIBRARY", ROOT / "build" / "libeqspice.so"))
PAGE = (ROOT / "docs" / "python.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def test_the_page_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    names, found = {}, blocks("python")
    assert len(found) >= 7
    for block in found:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert capsys.readouterr().out.splitlines()[0].startswith("1000.0 7.5")


def test_its_torch_runs(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(ROOT)
    (block,) = blocks("python torch")
    exec(compile("import eqspice\n" + block, "docs/python.md", "exec"), {})


def test_its_commands_run(tmp_path):
    for name in ("python", "examples", "netlists", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("build", "*.egg-info", "*mnist"))
    for name in ("tools", "build", "bin", "lib"):
        (tmp_path / name).mkdir()
    for name in ("LICENSE", "tools/make-wheel"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(LIBRARY, tmp_path / "build")
    shutil.copy(LIBRARY, tmp_path / "lib" / "libeqspice.so.0")  # "where the system looks"
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    environment = {k: v for k, v in os.environ.items() if k not in ("EQSPICE_LIBRARY", "PYTHONPATH")}
    environment |= {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "LD_LIBRARY_PATH": str(tmp_path / "lib")}
    commands = blocks("sh")
    try:
        commands += blocks("sh torch") if __import__("torch") else []
    except ImportError:
        print("skipped: the commands of docs/python.md that need python3-torch")
    if subprocess.run([sys.executable, "-c", "import venv, ensurepip, setuptools, wheel"], capture_output=True).returncode:
        print("skipped: the commands of docs/python.md that need python3-venv, python3-setuptools and python3-wheel")
        commands = [c for c in commands if "env" not in c]
    for command in commands:
        done = subprocess.run(["sh", "-ec", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, command + done.stdout + done.stderr
    if "env" in "".join(commands):
        said = subprocess.run([tmp_path / "env" / "bin" / "python", "-c", "import eqspice; print(eqspice.__file__)"], cwd="/",
                              env=environment, capture_output=True, text=True, check=True).stdout
        assert said.startswith(str(tmp_path / "env"))
