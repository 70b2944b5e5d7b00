"""A hub server of our own, as a process."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 30  # seconds for anything that should take an instant


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
