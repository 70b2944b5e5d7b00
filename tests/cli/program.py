"""The hubdist program in tests: who runs it, what it serves, and a proxy that holds it back."""

import contextlib
import os
import random
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = os.environ.get("HUBDIST_PROGRAM", "hubdist")
PATIENCE = 30  # seconds for anything that should take an instant


class Proxy:
    """Forwards TCP connections; counts what the target sent, and holds it back beyond `limit`."""

    def __init__(self, port: int):
        self._target = ("127.0.0.1", port)
        self._changed = threading.Condition()
        self.sent = 0
        self.limit: int | None = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self.set_limit(None)

    def set_limit(self, limit: int | None) -> None:
        """Begins to count anew; after `limit` bytes the target falls silent."""
        with self._changed:
            self.sent, self.limit = 0, limit
            self._changed.notify_all()

    def wait_until_silent(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.sent >= (self.limit or 0), PATIENCE)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                for pair in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if counted:
                    with self._changed:
                        self._changed.wait_for(lambda: self.limit is None or self.sent < self.limit)
                        self.sent += len(data)
                        self._changed.notify_all()
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@dataclass
class User:
    """Somebody with a home of their own who runs the program."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def env(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUBDIST_"))}
        mine = {"HF_HOME": str(self.home / "hf"), "HUBDIST_HOME": str(self.home / "state")}
        return clean | mine | self.environment

    def run(self, *arguments: str | Path, **options) -> subprocess.CompletedProcess:
        command = [PROGRAM, *map(str, arguments)]
        options.setdefault("timeout", 4 * PATIENCE)
        return subprocess.run(command, env=self.env(), capture_output=True, text=True, **options)

    def start(self, *arguments: str | Path, **options) -> subprocess.Popen:
        command = [PROGRAM, *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=self.env(), **(pipes | options))


@contextlib.contextmanager
def serving(user: User, folder: Path, *arguments: str | Path) -> Iterator[int]:
    """Runs a command that listens; yields its port and expects it to end well."""
    port_file = folder / f"{arguments[0]}.port"
    listen = ("--listen", "127.0.0.1:0", "--port-file", port_file)
    process = user.start(*arguments, *listen)
    try:
        said = process.stderr.readline()
        assert "listens on 127.0.0.1:" in said, said + process.stderr.read()
        yield int(port_file.read_text())
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


FILES = {
    "config.json": b'{"model_type": "test"}\n',
    "empty.txt": b"",
    "weights/model-1.safetensors": random.Random(1).randbytes(12 << 20),
    "weights/model-2.safetensors": random.Random(2).randbytes(3 << 20),
    "名 前.txt": "文\n".encode(),
}
