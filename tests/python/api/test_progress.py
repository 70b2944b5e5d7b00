"""Progress is told truly, by bars and by events."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading

import pytest

import hubdist
from hubdist import ProgressKind
from hubs import Served


def test_events_add_up(served: Served, tmp_path):
    options = hubdist.ClientOptions(cache_dir=tmp_path, endpoint=served.endpoint)
    total = sum(map(len, served.files.values()))
    threads = set()
    with hubdist.Client(options) as client:
        for attempt in range(2):
            events: list[hubdist.ProgressEvent] = []

            def callback(event, events=events):
                events.append(event)
                threads.add(threading.get_ident())

            report = client.download_snapshot("org/model", progress=callback)
            planned = [e for e in events if e.kind == ProgressKind.PLANNED]
            assert planned
            assert planned[-1].bytes == total
            assert planned[-1].files == len(served.files)
            counted = [e for e in events if e.kind == ProgressKind.BYTES]
            assert sum(e.bytes for e in counted) == total
            assert all(e.held == (attempt == 1) for e in counted)
            finished = [e.path for e in events if e.kind == ProgressKind.FINISHED]
            assert sorted(finished) == sorted(served.files)
            assert report.bytes_from_origin == (total if attempt == 0 else 0)
            assert report.bytes_held == (0 if attempt == 0 else total)
            assert report.verified
    assert threads == {threading.get_ident()}


class Bar:
    """Has what is used of tqdm's interface."""

    made: list[Bar] = []

    def __init__(self, *, total=None, initial=0, desc="", unit="it", unit_scale=False):
        self.total, self.n, self.desc, self.unit = total, initial, desc, unit
        self.closed = False
        Bar.made.append(self)

    def update(self, n=1):
        self.n += n

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def _no_bars():
    Bar.made.clear()


def test_tqdm_class_of_a_snapshot(served: Served, tmp_path):
    hubdist.snapshot_download(
        "org/model", cache_dir=tmp_path, endpoint=served.endpoint, tqdm_class=Bar
    )
    total = sum(map(len, served.files.values()))
    assert {(b.unit, b.total, b.n, b.closed) for b in Bar.made} == {
        ("it", len(served.files), len(served.files), True),
        ("B", total, total, True),
    }


def test_tqdm_class_of_a_file(served: Served, tmp_path):
    hubdist.hf_hub_download(
        "org/model",
        "model.safetensors",
        cache_dir=tmp_path,
        endpoint=served.endpoint,
        tqdm_class=Bar,
    )
    size = len(served.files["model.safetensors"])
    assert [(b.unit, b.total, b.n, b.closed) for b in Bar.made] == [("B", size, size, True)]
    assert "model.safetensors" in Bar.made[0].desc


def test_the_real_tqdm_and_huggingface_hubs_own(served: Served, tmp_path):
    from huggingface_hub.utils import tqdm as hub_tqdm
    from tqdm import tqdm

    for index, bar in enumerate((tqdm, hub_tqdm)):
        hubdist.snapshot_download(
            "org/model", cache_dir=tmp_path / str(index), endpoint=served.endpoint, tqdm_class=bar
        )


def test_a_broken_bar_is_raised_and_nothing_crashes(served: Served, tmp_path):
    class Broken(Bar):
        def update(self, n=1):
            raise ZeroDivisionError("bar")

    with pytest.raises(ZeroDivisionError, match="bar"):
        hubdist.snapshot_download(
            "org/model", cache_dir=tmp_path, endpoint=served.endpoint, tqdm_class=Broken
        )
    assert all(b.closed for b in Bar.made)
    hubdist.snapshot_download("org/model", cache_dir=tmp_path, endpoint=served.endpoint)


CHILD = """
import sys
import hubdist
hubdist.snapshot_download("org/model", cache_dir=sys.argv[1], endpoint=sys.argv[2])
"""


@pytest.mark.parametrize(
    ("setting", "terminal", "shown"), [(None, True, True), ("1", True, False), (None, False, False)]
)
def test_bars_on_a_terminal_only(served: Served, tmp_path, monkeypatch, setting, terminal, shown):
    if setting:
        monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", setting)
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    stderr = follower if terminal else subprocess.PIPE
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), served.endpoint], stderr=stderr
    )
    os.close(follower)
    seen = b""
    if terminal:
        try:
            while part := os.read(leader, 4096):
                seen += part
        except OSError:  # the other end is closed
            pass
    else:
        seen = child.communicate()[1]
    os.close(leader)
    assert child.wait(timeout=60) == 0
    assert (b"Fetching" in seen) == shown
    assert bool(seen) == shown


def test_progress_must_be_callable(tmp_path):
    client = hubdist.Client(hubdist.ClientOptions(cache_dir=tmp_path))
    with client, pytest.raises(TypeError, match="callable"):
        client.download("hf://org/model", progress=3)
