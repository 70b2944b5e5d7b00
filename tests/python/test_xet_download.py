"""Our client reads files out of a hub's Xet storage that the real client put there."""

import os
import random
import signal
import struct
import subprocess
import time
from pathlib import Path

import huggingface_hub as hf
import pytest

import hubdist
from faulty_hub import FaultyHub, cut, flip, status
from hub_process import Hub

REPO = "ada/model"
DRAW = random.Random(3)
NOISE = DRAW.randbytes(24 << 20)
WEIGHTS = b"".join(struct.pack("<f", DRAW.gauss(0, 0.02))[2:] for _ in range(600_000))
FILES = {
    "noise.bin": NOISE,
    "edited.bin": NOISE[: 8 << 20] + b"a few bytes more" + NOISE[8 << 20 :],
    "weights.bin": WEIGHTS,
    "small.bin": b"small",
}
PATIENCE = 60


@pytest.fixture(scope="module")
def stored(hubdist_bin, tmp_path_factory):
    """A hub that has FILES by Xet."""
    hub = Hub(hubdist_bin, tmp_path_factory.mktemp("xet") / "root")
    hub.start()
    api = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("ada", "--write"))
    api.create_repo(REPO)
    for name, content in FILES.items():
        api.upload_file(path_or_fileobj=content, path_in_repo=name, repo_id=REPO)
    yield hub
    hub.stop()


@pytest.fixture
def proxy(stored):
    with FaultyHub(stored.endpoint) as proxy:
        yield proxy


def check(folder: Path) -> None:
    for name, content in FILES.items():
        assert (folder / name).read_bytes() == content, name


def test_a_snapshot_comes_from_xet_storage_and_shared_chunks_once(proxy, tmp_path):
    path = hubdist.snapshot_download(REPO, endpoint=proxy.url, cache_dir=tmp_path / "cache")
    check(Path(path))
    assert proxy.requests("GET", "/reconstructions/")
    assert not [s for s in proxy.requests("GET", "/resolve/") if s.path.endswith(".bin")]
    assert proxy.body_bytes < len(NOISE) + len(WEIGHTS) + (2 << 20)


def test_without_xet_the_plain_way(proxy, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    path = hubdist.hf_hub_download(
        REPO, "weights.bin", endpoint=proxy.url, cache_dir=tmp_path / "cache"
    )
    assert Path(path).read_bytes() == WEIGHTS
    assert not proxy.requests("GET", "/reconstructions/")
    assert proxy.requests("GET", "/resolve/")


@pytest.mark.parametrize("fault", [cut(100_000), flip(100), flip(700_000), status(503)])
def test_a_fault_is_made_good(proxy, tmp_path, fault):
    proxy.fault(fault, path="/xorb")
    path = hubdist.hf_hub_download(
        REPO, "noise.bin", endpoint=proxy.url, cache_dir=tmp_path / "cache"
    )
    assert Path(path).read_bytes() == NOISE


def test_killed_at_any_byte_it_goes_on(hubdist_bin, proxy, tmp_path):
    """At most 16 MiB a kill are fetched again, and no wrong byte appears."""
    environment = {**os.environ, "HF_ENDPOINT": proxy.url, "HF_HOME": str(tmp_path / "hf")}
    environment["HUBDIST_HOME"] = str(tmp_path / "home")
    command = [hubdist_bin, "get", f"hf://{REPO}/noise.bin", "-q"]
    target = tmp_path / "hf/hub/models--ada--model/snapshots"
    draw = random.Random(8)
    kills = 0
    for _ in range(10):
        before = proxy.body_bytes
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        moment = before + draw.randrange(len(NOISE) // 3)
        while process.poll() is None and proxy.body_bytes < moment:
            time.sleep(0.001)
        if process.poll() is not None:
            assert process.returncode == 0
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        for found in target.glob("*/noise.bin"):
            assert found.read_bytes() == NOISE
    done = subprocess.run(command, env=environment, timeout=PATIENCE, check=False)
    assert done.returncode == 0
    (found,) = target.glob("*/noise.bin")
    assert found.read_bytes() == NOISE
    assert kills > 0
    assert proxy.body_bytes - len(NOISE) < kills * (16 << 20)
