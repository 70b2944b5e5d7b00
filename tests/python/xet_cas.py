"""A CAS server made of hubdist.xet alone: what the real client says to it and takes from it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hubdist import xet

# Uploads or downloads in a process of its own, so that nothing is left in the client's memory.
_CLIENT = """
import json, sys, warnings
import hf_xet
warnings.simplefilter("ignore", DeprecationWarning)
task = json.load(sys.stdin)
common = (task["endpoint"], ("token", 2**40), None, None)
if "upload" in task:
    infos = hf_xet.upload_files(task["upload"], *common, None)
    print(json.dumps([{"hash": i.hash, "size": i.file_size, "sha256": i.sha256} for i in infos]))
else:
    wanted = [hf_xet.PyXetDownloadInfo(*item) for item in task["download"]]
    print(json.dumps(hf_xet.download_files(wanted, *common)))
"""


class RealClient:
    """hf_xet with a home of its own, and so a cache of its own."""

    def __init__(self, home: Path, endpoint: str):
        self.home, self.endpoint = home, endpoint

    def _run(self, **task):
        environment = {"HF_HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [sys.executable, "-c", _CLIENT],
            input=json.dumps({"endpoint": self.endpoint, **task}),
            capture_output=True, text=True, timeout=60, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def upload(self, paths: list[Path]) -> dict[str, dict]:
        """What the client states of each file, by its name."""
        infos = self._run(upload=[str(p) for p in paths])
        return {path.name: info for path, info in zip(paths, infos, strict=True)}

    def download(self, infos: dict[str, dict], folder: Path) -> dict[str, bytes]:
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [[str(folder / name), info["hash"], info["size"]] for name, info in infos.items()]
        self._run(download=wanted)
        return {name: (folder / name).read_bytes() for name in infos}


class Cas:
    """The server. `version` is the newest reconstruction that it knows."""

    def __init__(self, version: int = 2):
        self.version = version
        self.key = bytes(range(32))  # of answers to questions for chunks
        self.xorbs: dict[str, bytes] = {}
        self.indexes: dict[str, xet.XorbIndex] = {}
        self.files: dict[str, xet.FileRecord] = {}
        self.shards: list[bytes] = []
        self.asked: list[str] = []  # chunks
        self.reconstructions: list[str] = []  # what was asked of which version
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (_Calls,), {"cas": self})
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take_xorb(self, name: str, body: bytes) -> None:
        self.indexes[name] = xet.verify_xorb(body, name)
        self.xorbs[name] = body

    def take_shard(self, body: bytes) -> None:
        shard = xet.Shard(body)
        new = {xorb.hash for xorb in shard.xorbs}
        assert new <= set(self.indexes), "a xorb that was not uploaded"
        shard.check(list(self.indexes.values()))
        self.files.update({file.hash: file for file in shard.files})
        self.shards.append(body)

    def answer_chunk(self, name: str) -> bytes | None:
        """A keyed shard of the xorb that has a chunk."""
        self.asked.append(name)
        for index in self.indexes.values():
            if name in [chunk.hash for chunk in index.chunks]:
                builder = xet.ShardBuilder()
                builder.add_xorb(index)
                return builder.stored_form(created=1, key=self.key, with_files=False)
        return None

    def reconstruct(self, version: int, name: str, wanted) -> str | None:
        self.reconstructions.append(f"v{version}")
        file = self.files.get(name)
        if file is None or version > self.version:
            return None
        answer = xet.plan_reconstruction(
            file.terms,
            list(self.indexes.values()),
            lambda xorb, _ranges: f"{self.endpoint}/xorb/{xorb}",
            wanted,
            ranges_per_url=1 if version == 1 else 64,
        )
        return answer.to_json(version)


class _Calls(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cas: Cas

    def send(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def wanted(self) -> tuple[int, int] | None:
        """The one range that is asked for, end excluded."""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        return (int(found[1]), int(found[2]) + 1) if found else None

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if match := re.match(r"/v([12])/reconstructions/", self.path):
            answer = self.cas.reconstruct(int(match[1]), name, self.wanted())
            self.send(404 if answer is None else 200, (answer or "").encode())
        elif self.path.startswith("/v1/chunks/"):
            shard = self.cas.answer_chunk(name)
            self.send(404 if shard is None else 200, shard or b"")
        elif self.path.startswith("/xorb/"):
            begin, end = self.wanted()
            self.send(206, self.cas.xorbs[name][begin:end])
        else:
            self.send(404)

    def do_HEAD(self) -> None:
        self.send(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if self.path.startswith("/v1/xorbs/"):
                self.cas.take_xorb(self.path.rpartition("/")[2], body)
                self.send(200, b'{"was_inserted":true}')
            elif self.path == "/v1/shards":
                self.cas.take_shard(body)
                self.send(200, b'{"result":1}')
            else:
                self.send(404)
        except Exception as wrong:
            self.send(400, str(wrong).encode())
            raise

    def log_message(self, *_arguments) -> None:
        pass
