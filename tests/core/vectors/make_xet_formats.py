"""Makes xet_formats/: what hf_xet writes. Run it with hf_xet installed.

    python tests/core/vectors/make_xet_formats.py

A few small files are uploaded twice: to a server on loopback that only takes note of what comes
(upload.xorb, upload.shard), and to hf_xet's own store in a folder (stored.xorb, stored.shard, and
cache.shard from the client's cache). files.json has the hashes that hf_xet states.
"""

import json
import random
import shutil
import struct
import tempfile
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hf_xet

OUT = Path(__file__).parent / "xet_formats"
TOKEN = ("token", 2**40)


def contents() -> dict[str, bytes]:
    """Files whose chunks take each compression scheme, one of them with chunks of another."""
    draw = random.Random(1)
    blocks = [draw.randbytes(512) for _ in range(4)]
    text = b"".join(draw.choice(blocks) for _ in range(440))
    floats = (struct.pack("<f", draw.gauss(0, 0.02)) for _ in range(4000))
    weights = b"".join(packed[2:] for packed in floats)
    noise = draw.randbytes(3000)
    mixed = text[:140000] + noise + b"tail"
    return {"text": text, "weights": weights, "noise": noise, "mixed": mixed, "empty": b""}


class Notes(BaseHTTPRequestHandler):
    """Takes xorbs and shards, and knows nothing."""

    protocol_version = "HTTP/1.1"
    taken: dict[str, bytes] = {}

    def answer(self, status: int, body: dict | None = None) -> None:
        data = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.answer(404)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/v1/xorbs/"):
            self.taken["upload.xorb"] = body
            self.answer(200, {"was_inserted": True})
        elif self.path == "/v1/shards":
            self.taken["upload.shard"] = body
            self.answer(200, {"result": 1})
        else:
            self.answer(404)

    def log_message(self, *_arguments) -> None:
        pass


def upload(paths: list[Path], endpoint: str):
    return hf_xet.upload_files([str(p) for p in paths], endpoint, TOKEN, None, None, None)


def only(paths) -> Path:
    (path,) = [p for p in paths if p.suffix != ".tagset"]
    return path


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        paths = [root / name for name in contents()]
        for path in paths:
            path.write_bytes(contents()[path.name])
        infos = upload(paths, f"local://{root}/store")
        store = root / "store/xet"
        shutil.copy(only(store.glob("xorbs/xorbs/default.*")), OUT / "stored.xorb")
        shutil.copy(only(store.glob("xorbs/shards/*")), OUT / "stored.shard")
        shutil.copy(only(store.glob("shard-cache/*.mdb")), OUT / "cache.shard")
        xorb = only(store.glob("xorbs/xorbs/default.*")).name.removeprefix("default.")

        server = ThreadingHTTPServer(("127.0.0.1", 0), Notes)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        upload(paths, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    for name, data in Notes.taken.items():
        (OUT / name).write_bytes(data)
    for path in OUT.iterdir():
        path.chmod(0o644)
    files = [
        {"name": path.name, "size": info.file_size, "xet": info.hash, "sha256": info.sha256}
        for path, info in zip(paths, infos, strict=True)
    ]
    answers = {"xorb": xorb, "files": files}
    (OUT / "files.json").write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
