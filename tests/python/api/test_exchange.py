"""A tracker and nodes in one process."""

from __future__ import annotations

import hashlib
import hmac
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hubdist
from faulty_hub import FaultyHub
from hubs import Served, tree

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SIZE = 8 << 20
BLOB = random.Random(3).randbytes(SIZE)
UNIT = hubdist.UnitLayout("sha256:" + hashlib.sha256(BLOB).hexdigest(), SIZE)
KEY = "a key that the nodes of this test share"


class Memory(hubdist.Content):
    """One unit in memory, with the whole blob as its origin."""

    def __init__(self) -> None:
        self.data = bytearray(SIZE)
        self.lock = threading.Lock()
        self.from_origin = 0

    def read(self, unit, offset, size):
        return bytes(self.data[offset : offset + size])

    def write(self, unit, offset, data, source):
        with self.lock:
            self.data[offset : offset + len(data)] = data

    def read_origin(self, unit, begin, end):
        for at in range(begin, end, 1 << 18):
            part = BLOB[at : min(end, at + (1 << 18))]
            with self.lock:
                self.from_origin += len(part)
            yield part


def test_four_nodes_read_the_origin_once():
    with hubdist.Tracker(key=KEY) as tracker:
        contents = [Memory() for _ in range(4)]
        nodes = [hubdist.Node(c, tracker.address, key=KEY) for c in contents]
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda node: node.fetch(UNIT), nodes))
        assert all(c.data == BLOB for c in contents)
        assert sum(c.from_origin for c in contents) == SIZE
        assert sum(r.from_origin for r in results) == SIZE
        assert sum(r.from_peers for r in results) == 3 * SIZE
        assert sum(n.statistics.bytes_to_peers for n in nodes) >= 3 * SIZE
        assert all(len(n.id) == 32 and n.address.startswith("127.0.0.1:") for n in nodes)
        nodes[0].wait_until_unneeded()
        for node in nodes:
            node.close()


def test_parts_and_a_tracker_that_is_found_by_a_callable():
    with hubdist.Tracker(key=KEY) as tracker:
        giver, taker = Memory(), Memory()
        giver.data[:] = BLOB
        with (
            hubdist.Node(giver, lambda: tracker.address, key=KEY) as first,
            hubdist.Node(taker, lambda: tracker.address, key=KEY) as second,
        ):
            first.offer(UNIT)
            result = second.fetch(UNIT, wanted=[(1 << 20, 3 << 20)])
            assert result.from_origin + result.from_peers >= 2 << 20
            assert taker.data[1 << 20 : 3 << 20] == BLOB[1 << 20 : 3 << 20]
            with pytest.raises(ValueError, match="before it begins"):
                second.fetch(UNIT, wanted=[(5, 1)])


def test_a_failing_content_is_the_cause_of_the_error():
    class Full(Memory):
        def write(self, unit, offset, data, source):
            raise OSError(28, "no room for it")

    with (
        hubdist.Tracker(key=KEY) as tracker,
        hubdist.Node(Full(), tracker.address, key=KEY) as node,
        pytest.raises(hubdist.DiskFullError, match="no room") as caught,
    ):
        node.fetch(UNIT)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.errno == 28


def test_a_tracker_elsewhere_than_on_loopback_is_refused():
    with pytest.raises(hubdist.Error, match="loopback"):
        hubdist.Tracker(listen="0.0.0.0:0", key=KEY)


def test_content_that_another_repository_has_is_not_fetched_again(served: Served, tmp_path):
    with FaultyHub(served.endpoint) as proxy:
        given = {"cache_dir": tmp_path / "cache", "endpoint": proxy.url, "token": served.token}
        first = hubdist.snapshot_download("org/model", tracker="auto", **given)
        second = hubdist.snapshot_download("org/private", tracker="auto", **given)
        models = [s for s in proxy.requests("GET", "model.safetensors") if s.method == "GET"]
    assert tree(first) == tree(second) == served.files
    assert {s.path.split("/resolve/")[0] for s in models} == {"/org/model"}


CHILD = """
import sys
import hubdist
cache, endpoint, tracker = sys.argv[1:]
print(hubdist.snapshot_download("org/model", cache_dir=cache, endpoint=endpoint, tracker=tracker),
      flush=True)
sys.stdin.readline()  # serves on meanwhile
"""


@pytest.mark.parametrize("how", ["auto", "address"])
def test_processes_share_what_one_of_them_fetched(served: Served, tmp_path, how):
    """Without a line of set-up: HUBDIST_HOME is all that they have in common."""
    tracker = None if how == "auto" else hubdist.Tracker()
    address = "auto" if tracker is None else tracker.address
    with FaultyHub(served.endpoint) as proxy:
        children = [
            subprocess.Popen(
                [sys.executable, "-c", CHILD, str(tmp_path / str(i)), proxy.url, address],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for i in range(3)
        ]
        paths = [child.stdout.readline().strip() for child in children]
        for child in children:
            child.communicate("\n", timeout=30)
            assert child.returncode == 0
    assert all(tree(path) == served.files for path in paths)
    total = sum(map(len, served.files.values()))
    assert proxy.body_bytes < 2 * total  # lists, and every content once
    if tracker is not None:
        tracker.close()


CARRIER = """
import os
import sys
import time
import hubdist
cache, endpoint = sys.argv[1:]
hubdist.snapshot_download("org/model", cache_dir=cache, endpoint=endpoint, tracker="auto")
child = os.fork()
if child == 0:
    time.sleep(120)
    os._exit(0)
print(child, flush=True)
sys.stdin.readline()
"""


def connects(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def test_a_forked_child_keeps_nothing_of_a_carrier_that_was_killed(served: Served, tmp_path):
    first = subprocess.Popen(
        [sys.executable, "-c", CARRIER, str(tmp_path / "one"), served.endpoint],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_TOKEN": served.token},
    )
    child = int(first.stdout.readline())
    try:
        address = (hubdist.hubdist_home() / "tracker.address").read_text()
        assert connects(address)
        first.kill()
        first.wait()
        assert not connects(address)
        second = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path / "two"), served.endpoint, "auto"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert tree(second.stdout.readline().strip()) == served.files
        taken_over = (hubdist.hubdist_home() / "tracker.address").read_text()
        assert taken_over != address
        assert connects(taken_over)
        second.communicate("\n", timeout=30)
    finally:
        os.kill(child, signal.SIGKILL)


LEAVING = """
import sys
import hubdist

SIZE = 32 << 20


class Zeros(hubdist.Content):
    def read(self, unit, offset, size):
        return bytes(size)

    def write(self, unit, offset, data, source):
        raise OSError("not wanted")

    def read_origin(self, unit, begin, end):
        raise OSError("not wanted")


key, name = sys.argv[1:]
nodes = [hubdist.Node(Zeros(), "127.0.0.1:1", key=key) for _ in range(4)]
for node in nodes:
    node.offer(hubdist.UnitLayout(name, SIZE))
print(*(node.address for node in nodes), flush=True)
sys.stdin.readline()
"""


def reader_that_stops(address: str, unit: str) -> socket.socket:
    """A member of the exchange that asks for all of a unit and takes only the beginning."""
    # As docs/protocol.md has it: HKDF-SHA256 for the data plane's key, then HMAC-SHA256.
    root = hmac.digest(bytes(32), KEY.encode(), "sha256")
    key = hmac.digest(root, b"hubdist data 1\x01", "sha256")
    target, span = "/v1/units/" + urllib.parse.quote(unit, safe=""), f"bytes=0-{(32 << 20) - 1}"
    nonce, now = os.urandom(16).hex(), int(time.time() * 1000)
    text = f"request\nGET\n{target}\n{span}\n{address}\n{nonce}\n{now}"
    mac = hmac.digest(key, text.encode(), "sha256").hex()
    host, port = address.split(":")
    reader = socket.create_connection((host, int(port)), timeout=30)
    reader.sendall(
        f"GET {target} HTTP/1.1\r\nHost: {address}\r\nRange: {span}\r\n"
        f"Authorization: HubdistMAC nonce={nonce}, time={now}, mac={mac}\r\n\r\n".encode()
    )
    assert b" 206 " in reader.recv(100)
    return reader


def test_a_process_leaves_several_exchanges_as_fast_as_one():
    name = "sha256:" + "ab" * 32
    process = subprocess.Popen(
        [sys.executable, "-c", LEAVING, KEY, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    readers = [reader_that_stops(a, name) for a in process.stdout.readline().split()]
    assert len(readers) == 4
    begin = time.monotonic()
    process.communicate("\n", timeout=30)
    assert time.monotonic() - begin < 5
    assert process.returncode == 0
    for reader in readers:
        reader.close()


@pytest.mark.parametrize("name", sorted(p.name for p in EXAMPLES.glob("*.py")))
def test_examples_run(name, tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path))),
            "TMPDIR": str(tmp_path),
        },
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr
