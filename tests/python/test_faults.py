"""The program against a misbehaving hub, network and disk: never a wrong byte, clear words."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

import faulty_hub as faults
from faulty_hub import FaultyHub

REPO = "org/model"
BIG = 6 << 20  # an LFS file, more than one read
WEIGHTS = os.urandom(BIG)
CONFIG = b'{"model_type": "test"}\n'


@pytest.fixture
def faulty(hub, tmp_path):
    """A hub with one model behind a proxy that misbehaves as told."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "config.json").write_bytes(CONFIG)
    hub.add(folder, REPO)
    with FaultyHub(hub.endpoint) as proxy:
        yield proxy


class Node:
    """Runs `hubdist get` with a cache of its own."""

    def __init__(self, program: Path, home: Path, endpoint: str):
        self.program = program
        self.home = home
        self.environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUBDIST_"))
        } | {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HUBDIST_HOME": str(home / "hubdist")}

    def start(self, *arguments, **environment) -> subprocess.Popen:
        command = [self.program, "get", "--json", *map(str, arguments)]
        return subprocess.Popen(
            command,
            env=self.environment | environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def get(self, *arguments, **environment) -> dict:
        """The result or the error, as the program's last event; with its status and its stderr."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=120)
        events = [json.loads(line) for line in out.splitlines()]
        ends = [e for e in events if e["event"] in ("result", "error")]
        assert len(ends) == 1, (out, err)
        return ends[0] | {"status": process.returncode, "stderr": err}

    def cache(self) -> Path:
        return self.home / "hub"

    def blobs(self) -> list[Path]:
        return [
            b
            for b in self.cache().glob("*/blobs/*")
            if not b.name.endswith((".hubdist-part", ".hubdist-log"))
        ]


@pytest.fixture
def node(hubdist_bin, tmp_path, faulty):
    return Node(hubdist_bin, tmp_path / "node", faulty.url)


def assert_whole(result: dict) -> None:
    assert result["event"] == "result", result
    assert result["verified"] is True
    assert (Path(result["path"]) / "model.safetensors").read_bytes() == WEIGHTS
    assert (Path(result["path"]) / "config.json").read_bytes() == CONFIG


def assert_error(result: dict, *words: str) -> None:
    assert result["event"] == "error", result
    assert result["status"] == 1
    for word in words:
        assert word in result["message"], result["message"]
        assert word in result["stderr"], result["stderr"]


# --- What passes by trying again ------------------------------------------------------------------


def test_a_cut_connection_is_resumed_where_it_stopped(faulty, node):
    faulty.fault(faults.cut(BIG // 2), path="model.safetensors")
    assert_whole(node.get(f"hf://{REPO}"))
    assert faulty.body_bytes < BIG * 1.3  # what had come was not fetched again


def test_many_cuts_in_one_file(faulty, node):
    for _ in range(12):
        faulty.fault(faults.cut(BIG // 16), path="model.safetensors")
    assert_whole(node.get(f"hf://{REPO}"))


def test_a_burst_of_server_errors_is_waited_out(faulty, node):
    for code in (500, 502, 503):
        faulty.fault(faults.status(code), path="model.safetensors")
    assert_whole(node.get(f"hf://{REPO}"))


def test_a_burst_of_errors_while_listing(faulty, node):
    faulty.fault(faults.status(503), path="/api/models/", times=2)
    assert_whole(node.get(f"hf://{REPO}"))


def test_retry_after_is_obeyed(faulty, node):
    faulty.fault(faults.status(429, Retry_After="2"), path="model.safetensors")
    begin = time.monotonic()
    assert_whole(node.get(f"hf://{REPO}"))
    assert time.monotonic() - begin >= 2


def test_a_rate_limit_field_is_obeyed(faulty, node):
    faulty.fault(faults.status(429, RateLimit='"resolvers";r=0;t=2'), path="model.safetensors")
    begin = time.monotonic()
    assert_whole(node.get(f"hf://{REPO}"))
    assert time.monotonic() - begin >= 2


def test_wrong_bytes_once_are_read_again(faulty, node):
    faulty.fault(faults.flip(12345), path="model.safetensors")
    assert_whole(node.get(f"hf://{REPO}"))


def test_a_wrong_small_file_once_is_read_again(faulty, node):
    faulty.fault(faults.flip(3), path="config.json")
    assert_whole(node.get(f"hf://{REPO}"))


# --- What does not pass ---------------------------------------------------------------------------


def test_wrong_bytes_for_ever_name_file_and_hashes(faulty, node):
    faulty.fault(faults.flip(12345), path="model.safetensors", times=1000)
    result = node.get(f"hf://{REPO}")
    assert_error(result, "model.safetensors", "sha256")
    assert result["code"] == "DATA_LOSS"
    assert all(b.read_bytes() != WEIGHTS for b in node.blobs())
    assert not list(node.cache().rglob("snapshots/*/model.safetensors"))


def test_more_bytes_than_asked_for_is_an_error(faulty, node):
    faulty.fault(faults.more(b"surplus"), path="model.safetensors", times=1000)
    result = node.get(f"hf://{REPO}")
    if result["event"] == "result":  # what lies behind the range may be left unread
        assert_whole(result)
    else:
        assert_error(result, "model.safetensors")


def test_a_redirect_loop_ends(faulty, node):
    faulty.fault(
        faults.status(302, Location="model.safetensors"), path="model.safetensors", times=10**6
    )
    assert_error(node.get(f"hf://{REPO}"), "redirect")


def test_a_token_does_not_follow_to_another_host(hub, faulty, node, tmp_path):
    token = hub.token_add("alice")
    with FaultyHub(hub.endpoint) as elsewhere:
        target = f"{elsewhere.url}/{REPO}/resolve/main/model.safetensors"
        faulty.fault(faults.status(302, Location=target), path="model.safetensors", times=1000)
        assert_whole(node.get(f"hf://{REPO}", HF_TOKEN=token))
        strangers = elsewhere.requests("GET", "model.safetensors")
        assert strangers
        assert all("Authorization" not in s.headers for s in strangers)
        ours = faulty.requests("GET", "model.safetensors")
        assert all(s.headers["Authorization"] == f"Bearer {token}" for s in ours)


def test_a_stalled_connection_is_given_up_and_resumed(faulty, node):
    faulty.fault(faults.stall(BIG // 4), path="model.safetensors")
    assert_whole(node.get(f"hf://{REPO}", HF_HUB_DOWNLOAD_TIMEOUT="2"))


def test_a_hub_that_is_not_there(node):
    result = node.get(f"hf://{REPO}", HF_ENDPOINT="http://127.0.0.1:9")
    assert_error(result, "127.0.0.1")


def test_a_server_that_is_no_hub(faulty, node):
    faulty.fault(faults.status(200), path="/api/", times=1000)
    assert node.get(f"hf://{REPO}")["event"] == "error"


@pytest.mark.parametrize(
    ("uri", "hub_error"),
    [
        ("hf://org/absent", "RepoNotFound"),
        (f"hf://{REPO}@absent", "RevisionNotFound"),
        (f"hf://{REPO}/absent.bin", "EntryNotFound"),
    ],
)
def test_what_is_missing_is_named(node, uri, hub_error):
    result = node.get(uri)
    assert_error(result, "absent")
    assert result["hub_error"] == hub_error


def test_a_wrong_token_is_never_shown(node):
    result = node.get("hf://org/absent", HF_TOKEN="hf_wrongsecret")
    assert_error(result, "org/absent")
    assert "wrongsecret" not in json.dumps(result)


def test_a_wrong_digest_of_a_url(faulty, node, tmp_path):
    url = f"{faulty.url}/{REPO}/resolve/main/config.json"
    result = node.get(url, "-o", tmp_path / "out", "--digest", "sha256:" + "0" * 64)
    assert_error(result, "config.json", "0" * 64)
    assert not (tmp_path / "out" / "config.json").exists()


def test_a_url_without_digest_says_that_nothing_was_proved(faulty, node, tmp_path):
    url = f"{faulty.url}/{REPO}/resolve/main/config.json"
    result = node.get(url, "-o", tmp_path / "out")
    assert result["event"] == "result"
    assert result["verified"] is False


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/../../b", "a\\u0000b", "a//b", ""])
def test_a_path_that_leaves_its_folder_is_refused(faulty, node, tmp_path, name):
    def change(answer):
        answer.body = answer.body.replace(b'"config.json"', f'"{name}"'.encode())
        return answer

    faulty.fault(change, path="/tree/", times=1000)
    assert_error(node.get(f"hf://{REPO}"))
    assert not (tmp_path / "escape").exists()
    assert not (node.cache().parent / "b").exists()


# --- Interruptions --------------------------------------------------------------------------------


def test_ctrl_c_stops_at_once_and_keeps_what_came(faulty, node):
    faulty.fault(faults.stall(BIG // 2), path="model.safetensors", times=1)
    process = node.start(f"hf://{REPO}")
    while faulty.body_bytes < BIG // 2:
        time.sleep(0.01)
    time.sleep(0.3)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    assert time.monotonic() - begin < 1
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["interrupted"] is True
    before = faulty.body_bytes
    assert_whole(node.get(f"hf://{REPO}"))
    assert faulty.body_bytes - before < BIG * 0.8


def test_kill_9_at_20_moments_loses_little(hub, hubdist_bin, tmp_path):
    """Never a wrong byte at a final path, and at most 16 MiB fetched again after each kill."""
    size, lost, moments = 40 << 20, 16 << 20, 20
    folder = tmp_path / "big"
    folder.mkdir()
    weights = os.urandom(size)
    (folder / "model.safetensors").write_bytes(weights)
    hub.add(folder, "org/big")
    with FaultyHub(hub.endpoint) as proxy:
        for moment in range(moments):
            node = Node(hubdist_bin, tmp_path / f"node{moment}", proxy.url)
            before, until = proxy.body_bytes, size * (moment + 1) // (moments + 1)
            proxy.fault(faults.stall(until), path="model.safetensors")
            process = node.start("hf://org/big")
            while proxy.body_bytes - before < until:
                time.sleep(0.005)
            time.sleep(0.02 * (moment % 4))
            process.kill()
            process.communicate()
            assert all(blob.read_bytes() == weights for blob in node.blobs())
            result = node.get("hf://org/big")
            assert result["event"] == "result", result
            assert (Path(result["path"]) / "model.safetensors").read_bytes() == weights
            assert proxy.body_bytes - before <= size + lost
            shutil.rmtree(node.home)


def test_two_processes_download_the_same_at_once(faulty, node):
    both = [node.start(f"hf://{REPO}") for _ in range(2)]
    for process in both:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert_whole(json.loads(out.splitlines()[-1]))
    assert faulty.body_bytes < BIG * 1.2


def test_a_foreign_incomplete_file_is_left_alone(faulty, node):
    blobs = node.cache() / "models--org--model" / "blobs"
    blobs.mkdir(parents=True)
    foreign = blobs / (hashlib.sha256(WEIGHTS).hexdigest() + ".incomplete")
    foreign.write_bytes(b"\0" * BIG)
    assert_whole(node.get(f"hf://{REPO}"))
    assert foreign.read_bytes() == b"\0" * BIG


# --- The disk -------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MiB, mounted for one test."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        if os.environ.get("CI"):
            pytest.fail("this machine cannot mount a tmpfs")
        pytest.skip("only root can mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_with_what_is_missing(faulty, node, small_disk):
    result = node.get(f"hf://{REPO}", HF_HUB_CACHE=str(small_disk / "hub"))
    assert_error(result, "disk is full", str(BIG + len(CONFIG)), "are free")


def test_a_full_disk_loses_nothing_in_a_folder(faulty, node, small_disk):
    result = node.get(f"hf://{REPO}", "-o", small_disk / "out")
    assert_error(result, "disk is full")
    assert_whole(node.get(f"hf://{REPO}"))


def test_a_read_only_cache_that_holds_all_is_read(faulty, node, tmp_path):
    assert_whole(node.get(f"hf://{REPO}"))
    before = faulty.body_bytes
    bind = ["mount", "--bind", str(node.cache()), str(node.cache())]
    if os.geteuid() != 0 or subprocess.run(bind, capture_output=True).returncode != 0:
        if os.environ.get("CI"):
            pytest.fail("this machine cannot mount")
        pytest.skip("only root can make a read-only mount")
    try:
        remount = ["mount", "-o", "remount,ro,bind", str(node.cache())]
        subprocess.run(remount, check=True)
        assert_whole(node.get(f"hf://{REPO}"))
        assert faulty.requests("GET", "model.safetensors")
        assert faulty.body_bytes - before < 100_000  # listings alone
        result = node.get("hf://org/absent")
        assert_error(result, "org/absent")
    finally:
        subprocess.run(["umount", str(node.cache())], check=True)


def test_a_read_only_cache_that_lacks_something_is_named(faulty, node):
    node.cache().mkdir(parents=True)
    bind = ["mount", "--bind", "-o", "ro", str(node.cache()), str(node.cache())]
    if os.geteuid() != 0 or subprocess.run(bind, capture_output=True).returncode != 0:
        if os.environ.get("CI"):
            pytest.fail("this machine cannot mount")
        pytest.skip("only root can make a read-only mount")
    try:
        assert_error(node.get(f"hf://{REPO}"), str(node.cache()))
    finally:
        subprocess.run(["umount", str(node.cache())], check=True)


# --- Names and empty things -----------------------------------------------------------------------


def test_names_in_any_script_and_empty_files(hub, hubdist_bin, tmp_path):
    folder = tmp_path / "names"
    names = [
        "模型/权重 一.bin",
        "a b/ü%20#?&+.txt",
        "empty",
        "deep/er/and/deeper/x.json",
        "@at.txt",
    ]
    for i, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"" if name == "empty" else name.encode() * (i + 1))
    hub.add(folder, "org/names")
    result = Node(hubdist_bin, tmp_path / "n", hub.endpoint).get("hf://org/names")
    assert result["event"] == "result", result
    for name in names:
        assert (Path(result["path"]) / name).read_bytes() == (folder / name).read_bytes()


def test_an_empty_repository(hub, hubdist_bin, tmp_path):
    folder = tmp_path / "nothing"
    folder.mkdir()
    hub.add(folder, "org/nothing")
    result = Node(hubdist_bin, tmp_path / "n", hub.endpoint).get("hf://org/nothing")
    assert result["event"] == "result", result
    assert result["files"] == 0


def test_a_stranger_at_the_trackers_port(faulty, node):
    """Something listens there, but it is no tracker: the node goes alone, and says so."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:

        def chatter():
            while True:
                try:
                    connection, _ = stranger.accept()
                except OSError:
                    return
                connection.sendall(b"220 smtp.example.org ready\r\n")
                connection.close()

        threading.Thread(target=chatter, daemon=True).start()
        port = stranger.getsockname()[1]
        result = node.get(f"hf://{REPO}", "--tracker", f"127.0.0.1:{port}")
    assert_whole(result)
    assert "tracker" in result["stderr"] or "alone" in result["stderr"]
