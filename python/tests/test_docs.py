"""docs/python.md runs as it is written."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_page_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "python.md").read_text(), re.M | re.S)
    assert len(blocks) >= 5
    names = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert capsys.readouterr().out.splitlines()[0].startswith("1000.0 7.5")
