"""A hub in this process, and the real huggingface_hub in processes of their own."""

from __future__ import annotations

import importlib.metadata
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import hubdist
from real_client import RealClient

# The other major version of huggingface_hub than the one that is installed here.
OLDER_HUGGINGFACE_HUB = "huggingface_hub==1.33.0"
REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _clean_environment(tmp_path, monkeypatch):
    """Give every test a home of its own and none of the caller's settings."""
    for name in list(os.environ):
        prefixes = ("HF_", "HUGGING_FACE_", "HUGGINGFACE_", "HUBDIST_")
        if name.startswith(prefixes) and name != "HUBDIST_PROGRAM":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
    monkeypatch.setenv("HUBDIST_HOME", str(tmp_path / "hubdist-home"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")


@dataclass
class Served:
    """A hub with a few repositories."""

    server: hubdist.HubServer
    files: dict[str, bytes]
    commit: str
    token: str  # of alice, who reads everything
    stranger: str  # of bob, who reads what is public

    @property
    def endpoint(self) -> str:
        return self.server.endpoint


def model_files(seed: int = 0, size: int = 3 << 20) -> dict[str, bytes]:
    draw = random.Random(seed)
    return {
        "config.json": b'{"model_type": "test", "seed": %d}\n' % seed,
        "README.md": b"# A model\n",
        "model.safetensors": draw.randbytes(size),
        "sub folder/数据.bin": draw.randbytes(100_000),
        "sub folder/deeper/tokenizer.json": b"{}\n",
        "empty.txt": b"",
    }


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def tree(folder: Path | str) -> dict[str, bytes]:
    """Return the files below a folder, without those of a local_dir's bookkeeping."""
    folder = Path(folder)
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".cache" not in p.relative_to(folder).parts
    }


def make_hub(root: Path) -> Served:
    files = model_files()
    folder = write_files(root / "model", files)
    server = hubdist.HubServer(root / "hub")
    token = server.add_token("alice")
    stranger = server.add_token("bob")
    commit = server.add(folder, "org/model").commit
    server.add(folder, "org/data", repo_type="dataset")
    server.add(folder, "org/private", private=True, readers=["alice"])
    server.add(folder, "org/gated", gated="manual", readers=["alice"])
    return Served(server, files, commit, token, stranger)


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """A hub for all tests that leave it as it is."""
    hub = make_hub(tmp_path_factory.mktemp("hub"))
    yield hub
    hub.server.close()


@pytest.fixture
def own_hub(tmp_path):
    """A hub for a test that stops it or adds to it."""
    hub = make_hub(tmp_path / "own")
    yield hub
    hub.server.close()


@pytest.fixture(scope="session")
def _older_huggingface_hub():
    """Where an older major version of huggingface_hub lies, or None."""
    if int(importlib.metadata.version("huggingface_hub").partition(".")[0]) < 2:
        return None
    place = REPOSITORY / "build" / "python-packages" / OLDER_HUGGINGFACE_HUB
    if not (place / "huggingface_hub").exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(place)]
        done = subprocess.run([*pip, OLDER_HUGGINGFACE_HUB], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"pip cannot install {OLDER_HUGGINGFACE_HUB}: {done.stderr[-300:]}")
    return place


@pytest.fixture(params=["installed", "older"])
def real(request):
    """The real huggingface_hub: the installed one, then an older major version."""
    if request.param == "installed":
        return RealClient([])
    place = request.getfixturevalue("_older_huggingface_hub")
    if place is None:
        pytest.skip("the installed huggingface_hub is the older one")
    return RealClient([str(place)])
