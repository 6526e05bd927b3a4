"""The structs of the package against the header, by the compiler."""

import ctypes
import pathlib
import re
import shutil
import subprocess

import pytest

from eqspice import _lib

HEADER = pathlib.Path(__file__).resolve().parents[2] / "src" / "eqspice.h"


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_structs_are_those_of_the_header(tmp_path):
    lines = ['#include <stdio.h>', f'#include "{HEADER}"', "int main(void) {"]
    for name, struct in _lib.STRUCTS.items():
        lines.append(f'printf("%zu\\n", sizeof({name}));')
        lines += [f'printf("%zu\\n", offsetof({name}, {field[0]}));' for field in struct._fields_]
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines + ["}"]))
    subprocess.run(["cc", "-o", tmp_path / "layout", source], check=True)
    said = subprocess.run([tmp_path / "layout"], check=True, capture_output=True, text=True).stdout
    mine = []
    for struct in _lib.STRUCTS.values():
        mine.append(ctypes.sizeof(struct))
        mine += [getattr(struct, field[0]).offset for field in struct._fields_]
    assert mine == [int(n) for n in said.split()]


def test_functions_are_in_the_header_with_as_many_arguments():
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    for name, (_, arguments) in _lib.FUNCTIONS.items():
        found = re.search(rf"EQ_API [^;]*?\b{name}\(([^;]*)\);", text)
        assert found, name
        given = found.group(1).strip()
        assert len(arguments) == (0 if given == "void" else given.count(",") + 1), name


def test_the_version_of_the_wheel_is_that_of_the_header():
    version = re.search(r'#define EQ_VERSION "(.*)"', HEADER.read_text()).group(1)
    project = (HEADER.parents[1] / "python" / "pyproject.toml").read_text()
    assert f'version = "{version.replace("-dev", ".dev0")}"' in project
