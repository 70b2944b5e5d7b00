"""The examples and the documentation's code run."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

import hubdist

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["chunks.py", "dedupe_in_process.py"])
def test_examples_run(name):
    command = [sys.executable, str(REPOSITORY / "examples" / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "new" in done.stdout


def blocks(section: str) -> list[str]:
    """Return the Python code of one section of docs/python.md."""
    text = (REPOSITORY / "docs" / "python.md").read_text()
    [body] = re.findall(rf"^## {section}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"^```python\n(.*?)^```", body, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("section", ["Chunks", "Comparisons"])
def test_documented_code_runs(section, tmp_path, monkeypatch):
    content = random.Random(0).randbytes(1_000_000)
    for path in "model.safetensors", "a.bin", "b.bin", "v1/model.safetensors":
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / "v2").mkdir()
    (tmp_path / "v2" / "model.safetensors").write_bytes(content + b"more")
    monkeypatch.chdir(tmp_path)
    names = {
        "hubdist": hubdist,
        "numpy_array": numpy.frombuffer(content, numpy.float32),
        "pieces": [content[:500_000], content[500_000:]],
    }
    code = blocks(section)
    assert code
    for block in code:
        exec(block, names)
