"""Writes python/hubdist/_core.pyi from the compiled module, or checks that it is up to date.

PYTHONPATH=build/dev/python python script/python_stub.py [--check]
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STUB = ROOT / "python" / "hubdist" / "_core.pyi"


def generate() -> str:
    """Return the stub of the module that Python imports now."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", "hubdist._core", "-o", folder]
        command += ["--numpy-array-remove-parameters", "--exit-code", "--ignore-all-errors"]
        subprocess.run(command, check=True, capture_output=True)
        text = (Path(folder) / "hubdist" / "_core.pyi").read_text()
    # Values that differ from build to build say nothing about types.
    text = re.sub(r"^__version__: str = .*$", "__version__: str", text, flags=re.MULTILINE)
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(STUB), "-"]
    done = subprocess.run(ruff, input=text, check=True, capture_output=True, text=True, cwd=ROOT)
    return done.stdout


def main() -> int:
    """Write the stub, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it differs")
    check = parser.parse_args().check
    new = generate()
    old = STUB.read_text() if STUB.exists() else ""
    if check and old != new:
        sys.stdout.writelines(
            difflib.unified_diff(old.splitlines(True), new.splitlines(True), "committed", "now")
        )
        print("\nrun: python script/python_stub.py")
        return 1
    if not check:
        STUB.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
