"""Fixtures for tests against a real hub of our own, on loopback."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# Before huggingface_hub is imported: nothing of this user's, and no way out of this machine.
for name in [n for n in os.environ if n.startswith("HF_")]:
    del os.environ[name]
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="hubdist-tests-hf-home-")
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

OTHER_VERSION = "1.33.0"
PATIENCE = 30  # seconds for anything that should take an instant


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def hubdist_bin() -> Path:
    """The hubdist program: HUBDIST_PROGRAM, else the one on the PATH."""
    found = os.environ.get("HUBDIST_PROGRAM") or shutil.which("hubdist")
    if not found:
        pytest.fail("no hubdist program: build it and set HUBDIST_PROGRAM to its path")
    return Path(found)


@dataclass
class Hub:
    """A hub server of its own, at `endpoint`."""

    program: Path
    root: Path
    endpoint: str = ""
    process: subprocess.Popen | None = None

    def run(self, *arguments) -> str:
        """Runs `hubdist hub ARGUMENTS --root ROOT`; what it printed."""
        command = [self.program, "hub", *map(str, arguments), "--root", self.root]
        done = subprocess.run(command, capture_output=True, text=True, timeout=4 * PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add(self, folder, repo: str, *arguments) -> str:
        """Puts a folder as a commit; its id."""
        return self.run("add", folder, repo, *arguments).split()[1].rstrip(":")

    def token_add(self, user: str, *arguments) -> str:
        return self.run("token", "add", user, *arguments).strip()

    def start(self, *arguments) -> None:
        port_file = self.root.parent / f"{self.root.name}.port"
        port_file.unlink(missing_ok=True)
        command = [self.program, "hub", "serve", "--root", self.root, "--listen", "127.0.0.1:0"]
        command += ["--port-file", port_file, *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, "HUBDIST_LOG": "warning"}
        )
        said = self.process.stderr.readline()
        assert "listens on 127.0.0.1:" in said, said + self.process.stderr.read()
        self.endpoint = f"http://127.0.0.1:{int(port_file.read_text())}"

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            said = self.process.communicate(timeout=PATIENCE)[1]
            assert self.process.returncode == 0, said
            self.process = None


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


@pytest.fixture(scope="session")
def other_huggingface_hub(request) -> Path:
    """A folder for PYTHONPATH with the other major version of huggingface_hub that we support."""
    folder = Path(request.config.cache.mkdir(f"huggingface_hub-{OTHER_VERSION}"))
    stamp = folder / "complete"
    if not stamp.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "--target", folder, f"huggingface_hub=={OTHER_VERSION}"],
            capture_output=True,
            text=True,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        )
        if done.returncode != 0:
            pytest.skip(f"huggingface_hub {OTHER_VERSION} cannot be installed: {done.stderr}")
        stamp.touch()
    return folder
