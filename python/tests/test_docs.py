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


def has(*modules):
    return subprocess.run([sys.executable, "-c", "import " + ", ".join(modules)], capture_output=True).returncode == 0


SOLVE = """import eqspice, eqspice._lib
c = eqspice.Circuit(text="t\\nV1 a 0 2\\nR1 a b 1k\\nR2 b 0 1k\\n.end\\n")
assert abs(c.op()["b"] - 1.0) < 1e-12
print(eqspice.__file__, eqspice._lib.lib._name)"""


def test_its_commands_run(tmp_path):
    """Without EQSPICE_LIBRARY: what pip puts into the virtual environment finds an installed library, a wheel the one
    inside."""
    for name in ("python", "examples", "netlists", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("build", "*.egg-info", "*mnist"))
    for name in ("tools", "build", "bin", "lib"):
        (tmp_path / name).mkdir()
    for name in ("LICENSE", "tools/make-wheel"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(LIBRARY, tmp_path / "build")
    shutil.copy(LIBRARY, tmp_path / "lib" / "libeqspice.so.0")  # "where the system looks"
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    environment = {k: v for k, v in os.environ.items() if k not in ("EQSPICE_LIBRARY", "PYTHONPATH", "BUILD", "PYTHON")}
    environment |= {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "LD_LIBRARY_PATH": str(tmp_path / "lib"),
                    "PIP_NO_INDEX": "1"}

    def run(*command, cwd=tmp_path):
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.split()

    commands = blocks("sh")
    if has("torch"):
        commands += blocks("sh torch")
    else:
        print("skipped: the commands of docs/python.md that want python3-torch")
    if not has("venv", "ensurepip", "setuptools", "wheel"):
        print("skipped: pip (no python3-venv, python3-setuptools or python3-wheel)")
        commands = [c for c in commands if "pip" not in c]
    found = []
    for command in commands:
        run("sh", "-ec", command)
        if "pip" in command:
            found.append(run(tmp_path / "env" / "bin" / "python", "-c", SOLVE, cwd="/"))
    assert [library for _, library in found] == \
        (["libeqspice.so.0", str(pathlib.Path(found[-1][0]).parent / "libeqspice.so")] if found else [])
    assert all(re.fullmatch(r"eqspice-[\w.]+-py3-none-linux_\w+", w.stem) for w in tmp_path.glob("wheels/*"))
    assert all(where.startswith(str(tmp_path / "env")) for where, _ in found)


def test_the_version_is_that_of_the_library():
    from packaging.version import Version  # pytest needs it, too

    import eqspice
    stated = re.search(r'^version = "(.*)"', (ROOT / "python" / "pyproject.toml").read_text(), re.M).group(1)
    assert Version(stated) == Version(eqspice.__version__)
