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

# What pybind11 cannot say about types, or says in ways that differ between its versions.
BETTER = [
    (r"^__version__: str = .*$", "__version__: str"),
    (r"typing\.SupportsInt \| typing\.SupportsIndex", "int"),
    (r"typing\.SupportsFloat \| typing\.SupportsIndex", "float"),
    (r"os\.PathLike \| str \| bytes", "os.PathLike[str] | str"),
    (
        r"on_progress: typing\.Any",
        "on_progress: collections.abc.Callable[[DedupeProgress], object] | None",
    ),
    (
        r"progress: typing\.Any",
        "progress: collections.abc.Callable[[ProgressEvent], object] | None",
    ),
    (r"backend: typing\.Any", "backend: Backend"),
    (r"content: typing\.Any", "content: Content"),
    (r"tracker: typing\.Any", "tracker: str | collections.abc.Callable[[], str]"),
    (r"(def __setstate__\(self, arg0: tuple)\)", r"\1[typing.Any, ...])"),
    (r"(__hash__: typing\.ClassVar\[None\] = None)$", r"\1  # type: ignore[assignment]"),
    (r"def __exit__\(self, \*args\)", "def __exit__(self, *args: object)"),
    (
        r"^import typing_extensions$",
        r"\g<0>\nfrom .backend import Backend\nfrom .content import Content",
    ),
]


def generate() -> str:
    """Return the stub of the module that Python imports now."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", "hubdist._core", "-o", folder]
        command += ["--numpy-array-remove-parameters", "--exit-code", "--ignore-all-errors"]
        subprocess.run(command, check=True, capture_output=True)
        text = (Path(folder) / "hubdist" / "_core.pyi").read_text()
    for pattern, better in BETTER:
        text = re.sub(pattern, better, text, flags=re.MULTILINE)
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
