"""A hub in this process, and the real huggingface_hub in processes of their own."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hubs import make_hub
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
