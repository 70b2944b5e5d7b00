"""Fixtures for tests against a real hub of our own, on loopback."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_process import Hub

# Before huggingface_hub is imported: nothing of this user's, and no way out of this machine.
for name in [n for n in os.environ if n.startswith(("HF_", "MODELSCOPE_"))]:
    del os.environ[name]
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="hubdist-tests-hf-home-")
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["MODELSCOPE_ENDPOINT"] = "http://127.0.0.1:9"

OTHER_VERSION = "1.33.0"
MODELSCOPE_VERSIONS = ["1.40.2", "1.37.1"]  # of either generation, the last


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def hubdist_bin() -> Path:
    """The hubdist program: HUBDIST_PROGRAM, else the one on the PATH."""
    found = os.environ.get("HUBDIST_PROGRAM") or shutil.which("hubdist")
    if not found:
        pytest.fail("no hubdist program: build it and set HUBDIST_PROGRAM to its path")
    return Path(found)


@pytest.fixture
def hub(hubdist_bin, tmp_path) -> Iterator[Hub]:
    """An empty hub that serves."""
    hub = Hub(hubdist_bin, tmp_path / "hub-root")
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def rerun_with_other_huggingface_hub(other_huggingface_hub, hubdist_bin):
    """Runs a file's tests again, with the other major version of huggingface_hub."""

    def run(file: str) -> None:
        path = [str(other_huggingface_hub), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "HUBDIST_PROGRAM": str(hubdist_bin),
        }
        probe = "import huggingface_hub as h; print(h.__version__)"
        versions = {
            subprocess.check_output([sys.executable, "-c", probe], env=env, text=True).strip()
            for env in (environment, {**environment, "PYTHONPATH": ""})
        }
        assert len({v.split(".")[0] for v in versions}) == 2, versions
        command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider"]
        done = subprocess.run(
            [*command, "-knot other_major", file], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-20_000:]

    return run


def installed(request, name: str, version: str) -> Path:
    """A folder for PYTHONPATH with a version of a package and what it needs."""
    folder = Path(request.config.cache.mkdir(f"{name}-{version}"))
    stamp = folder / "complete"
    if not stamp.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "--no-compile", "--target", folder, f"{name}=={version}"],
            capture_output=True,
            text=True,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        )
        if done.returncode != 0:
            pytest.skip(f"{name} {version} cannot be installed: {done.stderr}")
        stamp.touch()
    return folder


@pytest.fixture(scope="session")
def other_huggingface_hub(request) -> Path:
    """The other major version of huggingface_hub that we support."""
    return installed(request, "huggingface_hub", OTHER_VERSION)


@pytest.fixture(scope="session", params=MODELSCOPE_VERSIONS)
def modelscope(request) -> Path:
    """Each generation of ModelScope's client."""
    return installed(request, "modelscope", request.param)
