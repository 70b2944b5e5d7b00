"""What an estimate says is sent, against what the real hf_xet stores through its local endpoint."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hf_xet
import numpy as np
import pytest

import hubdist

MIB = 1 << 20
FOOTER = 96  # of a stored xorb, and 40 for each of its chunks: not uploaded to a server
FOOTER_CHUNK = 40

Version = dict[str, bytes]  # path -> content


@dataclass
class Sent:
    """Bytes of one upload."""

    xorbs: int
    shards: int
    stored_again: int  # chunks that the hub had


class LocalHub:
    """hf_xet's endpoint in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.xorbs = folder / "xet" / "xorbs" / "xorbs"

    def _names(self) -> set[str]:
        if not self.xorbs.is_dir():
            return set()
        return {f.name for f in self.xorbs.iterdir() if not f.name.endswith("tagset")}

    def upload(self, version: Path, *, at_once: bool = False) -> Sent:
        """Uploads the files of a folder in the order of their paths, each when the one before it
        is done, or all at once."""
        before = self._names()
        commit = hf_xet.XetSession().new_upload_commit(endpoint=f"local://{self.folder}")
        files = [f for f in version.rglob("*") if f.is_file()]
        for file in sorted(files, key=lambda f: str(f.relative_to(version)).encode()):
            upload = commit.start_upload_file(str(file))
            if not at_once:
                upload.result()
        metrics = commit.wait_to_finish().dedup_metrics
        footers = FOOTER * len(self._names() - before) + FOOTER_CHUNK * metrics.new_chunks
        return Sent(
            metrics.xorb_bytes_uploaded - footers,
            metrics.shard_bytes_uploaded,
            metrics.defrag_prevented_dedup_chunks,
        )


def bf16(seed: int, size: int) -> bytes:
    """Weights as bfloat16."""
    numbers = np.random.default_rng(seed).standard_normal(size // 2, dtype=np.float32)
    return ((numbers * np.float32(0.02)).view(np.uint32) >> 16).astype(np.uint16).tobytes()


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def text(seed: int, size: int) -> bytes:
    """Words of a small vocabulary, the frequent ones often."""
    rng = np.random.default_rng(seed)
    words = [bytes(rng.integers(97, 123, n, dtype=np.uint8)) for n in rng.integers(2, 10, 4000)]
    drawn = rng.zipf(1.3, size // 4) % len(words)
    return b" ".join(words[i] for i in drawn)[:size]


def inserted(content: bytes, seed: int, count: int) -> bytes:
    """The content with `count` insertions of 1 KiB."""
    rng = random.Random(seed)
    out = bytearray(content)
    for place in sorted((rng.randrange(len(content)) for _ in range(count)), reverse=True):
        out[place:place] = rng.randbytes(1024)
    return bytes(out)


def edited(make: Callable[[int, int], bytes], size: int) -> list[Version]:
    first = make(1, size)
    return [{"model.bin": first}, {"model.bin": inserted(first, 2, 10)}, {"model.bin": first}]


def small_files() -> list[Version]:
    rng = random.Random(3)
    first = {f"d{i % 7}/{i}": rng.randbytes(rng.randrange(1, 20_000)) for i in range(400)}
    second = first | {name: first[name] + b"more" for name in list(first)[::10]}
    return [first, second]


def twins() -> list[Version]:
    """Small files of one upload that have the same content."""
    parts = text(4, 2 * MIB)
    first = {str(i): parts[i % 20 * 90_000 :][:80_000] for i in range(100)}
    return [first, first | {"new": b"hello"}]


def shuffled(content: bytes, seed: int, block: int) -> bytes:
    blocks = [content[i : i + block] for i in range(0, len(content), block)]
    random.Random(seed).shuffle(blocks)
    return b"".join(blocks)


def scattered() -> list[Version]:
    """The chunks of a file in another order, again and again, and back: so many places that some
    are stored again, and then lie in several xorbs."""
    first = noise(5, 24 * MIB)
    second = shuffled(first, 6, 150_000)
    third = shuffled(second, 7, 250_000)
    return [{"f": content} for content in (first, second, third, first, third, second)]


def scattered_at_once() -> list[Version]:
    """The same as files of one upload, larger than a xorb."""
    first = noise(8, 40 * MIB)
    files = {str(i): shuffled(first, i, 100_000 + 50_000 * i) for i in range(4)}
    return [{"0": first}, files, files | {"3": files["1"][::-1]}, {"9": shuffled(first, 9, 90_000)}]


def many_xorbs() -> list[Version]:
    files = {str(i): noise(10 + i, 35 * MIB) for i in range(2)}
    return [files, files | {"1": inserted(files["1"], 7, 3), "9": files["0"]}]


CASES = {
    "random": lambda: edited(noise, 10 * MIB),
    "more than a xorb": lambda: edited(noise, 66 * MIB)[:2],
    "bf16": lambda: edited(bf16, 10 * MIB),
    "text": lambda: edited(text, 3 * MIB),
    "zeros": lambda: edited(lambda _, size: bytes(size), 10 * MIB),
    "small files": small_files,
    "twins": twins,
    "scattered": scattered,
    "scattered at once": scattered_at_once,
    "many xorbs": many_xorbs,
    "empty": lambda: [{"e": b"", "f": b"x"}, {"e": b""}],
}


def written(versions: list[Version], folder: Path) -> list[Path]:
    """The folders of the versions."""
    for i, files in enumerate(versions):
        for name, content in files.items():
            file = folder / f"v{i}" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    (folder / "hub").mkdir()
    return [folder / f"v{i}" for i in range(len(versions))]


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("case", CASES)
def test_estimate_is_what_hf_xet_sends(case, tmp_path):
    folders = written(CASES[case](), tmp_path)
    report = hubdist.estimate_dedupe(folders, progress=False)
    hub = LocalHub(tmp_path / "hub")
    for folder, version in zip(folders, report.versions, strict=True):
        sent = hub.upload(folder)
        assert version.numbers.compressed == sent.xorbs
        # Where one upload stored a chunk several times, the next refers to any of the copies: a few
        # entries of a shard.
        total = sent.xorbs + sent.shards
        about = pytest.approx(total, abs=1024 if case == "twins" else 0)
        assert version.numbers.xet_upload == about
        if case.startswith("scattered") and folder == folders[-1]:
            assert sent.stored_again > 0


@pytest.mark.parametrize("case", ["small files", "twins", "many xorbs"])
def test_files_uploaded_at_once_take_about_as_much(case, tmp_path):
    folders = written(CASES[case](), tmp_path)
    report = hubdist.estimate_dedupe(folders, progress=False)
    hub = LocalHub(tmp_path / "hub")
    for folder, version in zip(folders, report.versions, strict=True):
        sent = hub.upload(folder, at_once=True)
        assert version.numbers.compressed == pytest.approx(sent.xorbs, rel=0.01)
        total = pytest.approx(sent.xorbs + sent.shards, rel=0.01, abs=1024)
        assert version.numbers.xet_upload == total
