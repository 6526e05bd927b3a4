"""The package in a virtual environment without a network: from python/ with an installed library, and as a
wheel with the library inside."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = pathlib.Path(os.environ.get("EQSPICE_LIBRARY", ROOT / "build" / "libeqspice.so"))
SOLVE = """import eqspice, eqspice._lib
c = eqspice.Circuit(text="t\\nV1 a 0 2\\nR1 a b 1k\\nR2 b 0 1k\\n.end\\n")
assert abs(c.op()["b"] - 1.0) < 1e-12
print(eqspice.__file__, eqspice._lib.lib._name, sep="\\n")"""

needed = subprocess.run([sys.executable, "-c", "import venv, ensurepip, setuptools, wheel"], capture_output=True)
pytestmark = pytest.mark.skipif(needed.returncode != 0, reason="there is no python3-venv, python3-setuptools or "
                                                               "python3-wheel: pip is not tried")


def run(*command, **environment):
    clean = {k: v for k, v in os.environ.items() if k not in ("EQSPICE_LIBRARY", "PYTHONPATH", "LD_LIBRARY_PATH")}
    done = subprocess.run(command, cwd="/", env=clean | environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--system-site-packages", folder)
    return folder / "bin" / "python"


def pip(python, *what):
    run(python, "-m", "pip", "install", "-q", "--no-index", "--no-build-isolation", "--force-reinstall", "--no-deps", *what)


def test_pip_install_finds_an_installed_library(python, tmp_path):
    shutil.copytree(ROOT / "python", tmp_path / "python", ignore=shutil.ignore_patterns("build", "*.egg-info"))
    pip(python, tmp_path / "python")
    (tmp_path / "lib").mkdir()
    shutil.copy(LIBRARY, tmp_path / "lib" / "libeqspice.so.0")
    where, library = run(python, "-c", SOLVE, LD_LIBRARY_PATH=str(tmp_path / "lib"))
    assert where.startswith(str(python.parents[1])) and library == "libeqspice.so.0"


def test_a_wheel_has_its_library_inside(python, tmp_path):
    (wheel,) = run(ROOT / "tools" / "make-wheel", tmp_path, BUILD=str(LIBRARY.parent), PYTHON=sys.executable)
    assert re.fullmatch(r"eqspice-[\w.]+-py3-none-linux_\w+\.whl", pathlib.Path(wheel).name)
    pip(python, wheel)
    where, library = run(python, "-c", SOLVE)
    assert where.startswith(str(python.parents[1])) and library == str(pathlib.Path(where).parent / "libeqspice.so")


def test_the_version_is_that_of_the_library():
    from packaging.version import Version  # pytest needs it, too

    import eqspice
    stated = re.search(r'^version = "(.*)"', (ROOT / "python" / "pyproject.toml").read_text(), re.M).group(1)
    assert Version(stated) == Version(eqspice.__version__)
