"""A hub in this process, with a few repositories."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import hubdist


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
