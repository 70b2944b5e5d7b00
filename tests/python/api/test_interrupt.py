"""Ctrl-C stops a blocking call at once and keeps what was received."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import hubdist
from faulty_hub import FaultyHub
from hubs import Served

SIZE = 3 << 20  # of model.safetensors
GIVEN = SIZE // 2


def stalls(answer):
    answer.stall_at = GIVEN
    return answer


@pytest.fixture
def stalling(served: Served):
    """A hub that sends half of the model and then nothing more."""
    with FaultyHub(served.endpoint) as proxy:
        proxy.fault(stalls, path="model.safetensors", times=1)
        yield proxy


CHILD = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
import hubdist
print("ready", flush=True)
try:
    hubdist.hf_hub_download("org/model", "model.safetensors", cache_dir=sys.argv[1],
                            endpoint=sys.argv[2])
except KeyboardInterrupt:
    print("interrupted", time.time(), flush=True)
    sys.exit(7)
"""


def received(cache: Path) -> int:
    # Blocks that hold data: a partial file may be preallocated, or sparse.
    parts = list(cache.rglob("*.hubdist-log"))
    return len(parts) and sum(p.stat().st_size for p in parts)


def wait_for(condition, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_ctrl_c_stops_within_200_ms_and_keeps_the_bytes(stalling, tmp_path):
    cache = tmp_path / "cache"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(cache), stalling.url],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    wait_for(lambda: stalling.body_bytes >= GIVEN and received(cache))
    time.sleep(0.2)  # so that what the proxy sent is written
    sent = time.time()
    child.send_signal(signal.SIGINT)
    word, when = child.stdout.readline().split()
    assert word == "interrupted"
    assert child.wait(timeout=20) == 7
    assert float(when) - sent < 0.5  # 0.2 on an idle machine
    before = stalling.body_bytes
    path = hubdist.hf_hub_download(
        "org/model", "model.safetensors", cache_dir=cache, endpoint=stalling.url
    )
    assert Path(path).stat().st_size == SIZE
    assert stalling.body_bytes - before <= SIZE - GIVEN + (1 << 20)


def test_a_handler_that_returns_does_not_stop_the_call(served, tmp_path):
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(time.monotonic()))
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        path = hubdist.snapshot_download("org/model", cache_dir=tmp_path, endpoint=served.endpoint)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert Path(path, "config.json").exists()


def test_python_runs_while_a_call_blocks(stalling, tmp_path):
    client = hubdist.Client(
        hubdist.ClientOptions(cache_dir=tmp_path / "cache", endpoint=stalling.url)
    )
    outcome = []

    def download():
        try:
            client.download_file("org/model", "model.safetensors")
        except hubdist.Error as error:
            outcome.append(error)

    thread = threading.Thread(target=download)
    thread.start()
    wait_for(lambda: stalling.body_bytes >= GIVEN)
    begin = time.monotonic()
    client.close()  # stops the call of the other thread
    thread.join(timeout=20)
    assert time.monotonic() - begin < 2
    assert isinstance(outcome[0], hubdist.CancelledError)
    with pytest.raises(RuntimeError, match="closed"):
        client.download_file("org/model", "config.json")


def test_an_exception_in_a_progress_callback_stops_and_is_raised(stalling, tmp_path):
    class Enough(Exception):
        pass

    def callback(event):
        if event.kind == hubdist.ProgressKind.BYTES:
            raise Enough(event.path)

    options = hubdist.ClientOptions(cache_dir=tmp_path / "cache", endpoint=stalling.url)
    with hubdist.Client(options) as client, pytest.raises(Enough, match=r"model\.safetensors"):
        client.download_file("org/model", "model.safetensors", progress=callback)


def test_interpreter_ends_although_another_thread_downloads(stalling, tmp_path):
    code = """
import sys, threading, time
import hubdist
def download():
    try:
        hubdist.hf_hub_download("org/model", "model.safetensors", cache_dir=sys.argv[1],
                                endpoint=sys.argv[2])
    except hubdist.Error as error:
        print(type(error).__name__, flush=True)
thread = threading.Thread(target=download, daemon=True)
thread.start()
time.sleep(0.5)
"""
    begin = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), stalling.url], check=True, timeout=30
    )
    assert time.monotonic() - begin < 10
