"""Several nodes, each a process with a cache of its own, of which some die on the way."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import faulty_hub as faults
from faulty_hub import FaultyHub

REPO = "org/swarm"
SHARDS = 3
SHARD = 32 << 20
TOTAL = SHARDS * SHARD
LEASE = 16 << 20
NODES = 3


class Swarm:
    """Nodes of one user on one machine, behind a proxy that slows the hub down."""

    def __init__(self, program: Path, folder: Path, proxy: FaultyHub):
        self.program = program
        self.folder = folder
        self.proxy = proxy
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUBDIST_"))}
        self.environment = clean | {
            "HUBDIST_HOME": str(folder / "home"),
            "HF_ENDPOINT": proxy.url,
        }

    def start_tracker(self) -> tuple[subprocess.Popen, str]:
        port_file = self.folder / "tracker.port"
        command = [self.program, "tracker", "--listen", "127.0.0.1:0", "--port-file", port_file]
        process = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        while not port_file.exists():
            assert process.poll() is None
            time.sleep(0.01)
        return process, f"127.0.0.1:{port_file.read_text().strip()}"

    def start_node(self, number: int, tracker: str, **environment) -> subprocess.Popen:
        get = [self.program, "get", f"hf://{REPO}", "--json", "--linger", "--tracker", tracker]
        own = {"HF_HOME": str(self.folder / f"node{number}")}
        return subprocess.Popen(
            get,
            env=self.environment | own | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for_bytes(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while self.proxy.body_bytes < count:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def assert_whole(self, node: subprocess.Popen, contents: dict[str, bytes]) -> dict:
        out, err = node.communicate(timeout=120)
        results = [e for e in map(json.loads, out.splitlines()) if e["event"] == "result"]
        assert node.returncode == 0, err
        assert len(results) == 1, (out[-500:], err)
        assert results[0]["verified"] is True
        for name, content in contents.items():
            assert (Path(results[0]["path"]) / name).read_bytes() == content
        return results[0]


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    shards = {f"model-{i}.safetensors": os.urandom(SHARD) for i in range(SHARDS)}
    return shards | {f"small-{i}.json": os.urandom(2000) for i in range(20)}


@pytest.fixture
def swarm(hub, hubdist_bin, tmp_path, contents):
    folder = tmp_path / "model"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    hub.add(folder, REPO)
    with FaultyHub(hub.endpoint) as proxy:
        proxy.fault(faults.slow(0.5), path="safetensors", times=1000)
        yield Swarm(hubdist_bin, tmp_path, proxy)


def test_the_hub_is_read_once(swarm, contents):
    tracker, address = swarm.start_tracker()
    nodes = [swarm.start_node(n, address) for n in range(NODES)]
    results = [swarm.assert_whole(node, contents) for node in nodes]
    tracker.terminate()
    assert swarm.proxy.body_bytes <= TOTAL * 1.01
    moved = sum(r["bytes_from_origin"] for r in results)
    assert moved == sum(map(len, contents.values()))


def test_a_node_that_is_killed_does_not_hold_the_others_up(swarm, contents):
    tracker, address = swarm.start_tracker()
    nodes = [swarm.start_node(n, address) for n in range(NODES)]
    swarm.wait_for_bytes(TOTAL // 4)
    nodes[0].kill()
    for node in nodes[1:]:
        swarm.assert_whole(node, contents)
    tracker.terminate()
    assert swarm.proxy.body_bytes <= TOTAL + 4 * LEASE  # the leases and pieces that died with it


def test_the_nodes_finish_when_the_tracker_is_killed(swarm, contents):
    tracker, address = swarm.start_tracker()
    nodes = [swarm.start_node(n, address) for n in range(NODES)]
    swarm.wait_for_bytes(TOTAL // 4)
    tracker.kill()
    for node in nodes:
        swarm.assert_whole(node, contents)


def test_the_next_process_takes_over_the_tracker(swarm, contents):
    first = swarm.start_node(0, "auto")
    address = swarm.folder / "home" / "tracker.address"
    while not address.exists():
        assert first.poll() is None
        time.sleep(0.005)
    others = [swarm.start_node(n, "auto") for n in range(1, NODES)]
    swarm.wait_for_bytes(TOTAL // 3)
    first.kill()
    for node in others:
        swarm.assert_whole(node, contents)
    assert swarm.proxy.body_bytes <= TOTAL + 4 * LEASE


def test_another_users_tracker_is_not_trusted(swarm, contents, tmp_path):
    tracker, address = swarm.start_tracker()
    node = swarm.start_node(0, address, HUBDIST_HOME=str(tmp_path / "other-home"))
    out, err = node.communicate(timeout=120)
    tracker.terminate()
    assert node.returncode == 0
    assert "HUBDIST_HOME" in err
    result = next(e for e in map(json.loads, out.splitlines()) if e["event"] == "result")
    assert result["bytes_from_origin"] == sum(map(len, contents.values()))


def test_a_node_that_holds_all_gives_it_to_a_late_one(swarm, contents):
    tracker, address = swarm.start_tracker()
    swarm.assert_whole(swarm.start_node(0, address), contents)
    before = swarm.proxy.body_bytes
    # The first one comes again, finds all in its cache and stays for the second one.
    late = swarm.start_node(1, address)
    holder = swarm.start_node(0, address)
    swarm.assert_whole(holder, contents)
    swarm.assert_whole(late, contents)
    tracker.terminate()
    assert swarm.proxy.body_bytes - before <= TOTAL * 1.01


FIRST = """
import sys
import hubdist
hubdist.snapshot_download(sys.argv[1], tracker="auto")
print("here", flush=True)
sys.stdin.readline()  # serves on meanwhile
"""


@pytest.mark.parametrize("again", ["another repository", "the same by force"])
def test_a_second_process_on_one_cache_takes_part(swarm, hub, contents, tmp_path, again):
    """The first one lives on and serves; what both can read is its cache."""
    folder = tmp_path / "copy"
    shutil.copytree(tmp_path / "model", folder)
    hub.add(folder, "org/copy")
    first = subprocess.Popen(
        [sys.executable, "-c", FIRST, REPO],
        env=swarm.environment
        | {"HF_HOME": str(swarm.folder / "node0"), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout.readline().strip() == "here"
    before = swarm.proxy.body_bytes
    arguments = ["hf://org/copy"] if again == "another repository" else [f"hf://{REPO}", "--force"]
    second = subprocess.Popen(
        [swarm.program, "get", *arguments, "--json", "--tracker", "auto"],
        env=swarm.environment | {"HF_HOME": str(swarm.folder / "node0")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    swarm.assert_whole(second, contents)
    first.communicate("\n", timeout=30)
    assert swarm.proxy.body_bytes - before <= TOTAL // 100


def test_a_tracker_listens_on_loopback_only(hubdist_bin):
    done = subprocess.run(
        [hubdist_bin, "tracker", "--listen", "0.0.0.0:0"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "one machine" in done.stderr
