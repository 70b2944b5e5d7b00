"""Importing hubdist is quick and changes nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys

import pytest


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_takes_less_than_100_ms():
    # Time of the processor, which other work on the machine does not lengthen.
    code = "import time; t = time.process_time(); import hubdist; print(time.process_time() - t)"
    assert statistics.median(float(run(code)) for _ in range(7)) < 0.1


def test_import_has_no_side_effects():
    run(
        """
import os, sys, signal, threading, logging, warnings
def state():
    return (
        dict(os.environ), sorted(os.listdir("/proc/self/task")), threading.active_count(),
        signal.getsignal(signal.SIGINT), os.getcwd(), logging.root.handlers[:],
        warnings.filters[:], len(os.listdir("/proc/self/fd")), os.umask(os.umask(0o22)),
    )
before = state()
import hubdist
assert state() == before, (before, state())
heavy = {"asyncio", "dataclasses", "http", "huggingface_hub", "json", "numpy", "ssl", "tqdm"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    )


def test_everything_public_is_there_and_documented():
    import hubdist

    for name in hubdist.__all__:
        thing = getattr(hubdist, name)
        if callable(thing) and not name.startswith("__"):
            assert thing.__doc__, name


def test_the_library_shows_no_symbols_to_other_modules():
    import hubdist._core

    try:
        table = subprocess.run(
            ["nm", "-D", "--defined-only", hubdist._core.__file__],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except FileNotFoundError:
        pytest.skip("nm is not installed")
    assert [line.split()[-1] for line in table.splitlines()] == ["PyInit__core"]
