"""Four edits of files as people keep them on a hub, and what an upload of each would send.

python examples/dedupe_cases/dedupe_cases.py [--program hubdist] [--size 32] [--work FOLDER]

The cases are those that the authors of Xet tell of: a SQLite file that grows by 1 MB, one row
edited in a Parquet file (written with content-defined chunking and without), the metadata of a
GGUF file changed, a few tensors of a safetensors file fine-tuned. Each version's report is written
beside its files. Needs numpy, pyarrow 21 or later and safetensors.
"""

import argparse
import json
import sqlite3
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

MB = 1_000_000
Pair = tuple[Path, Path]  # the old version and the new


def sqlite_appended(folder: Path, size: int) -> Pair:
    """Fill a table, copy the file, add 1 MB of rows to the copy."""
    rng = np.random.default_rng(1)

    def rows(first: int, count: int) -> Iterator[tuple[int, str]]:
        return ((first + i, rng.bytes(250).hex()) for i in range(count))

    old, new = folder / "old.sqlite", folder / "new.sqlite"
    present = size // 510
    old.unlink(missing_ok=True)
    with sqlite3.connect(old) as database:
        database.execute("create table messages (id integer primary key, text text)")
        database.executemany("insert into messages values (?, ?)", rows(0, present))
    database.close()
    new.write_bytes(old.read_bytes())
    with sqlite3.connect(new) as database:
        database.executemany("insert into messages values (?, ?)", rows(present, MB // 510))
    database.close()
    return old, new


def parquet_edited(folder: Path, size: int, content_defined: bool) -> Pair:
    """Write a table; change the text of one row in its middle and write it again."""
    rng = np.random.default_rng(2)
    count = size // 110
    words = np.array([rng.bytes(5).hex() for _ in range(20_000)])
    texts = [" ".join(line) for line in words[rng.integers(0, len(words), (count, 10))]]
    columns = {"id": np.arange(count), "score": rng.random(count), "text": texts}
    paths = folder / "old.parquet", folder / "new.parquet"
    for path in paths:
        pq.write_table(
            pa.table(columns),
            path,
            compression="snappy",
            use_dictionary=False,
            use_content_defined_chunking=content_defined,
        )
        texts[count // 2] = "an edit that makes this row as long as nobody expected it to be " * 4
    return paths


def gguf_bytes(metadata: dict[str, str], tensors: dict[str, np.ndarray]) -> bytes:
    """Serialise a GGUF file: header, metadata of text, tensors of F16, aligned to 32 bytes."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def padded(content: bytes) -> bytes:
        return content + bytes(-len(content) % 32)

    string, f16 = 8, 1
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        head += text(key) + struct.pack("<I", string) + text(value)
    data = b""
    for name, tensor in tensors.items():
        shape = tensor.shape[::-1]
        head += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, f16, len(data))
        data += padded(tensor.astype(np.float16).tobytes())
    return padded(head) + data


def gguf_metadata(folder: Path, size: int) -> Pair:
    """Give a model another chat template, which moves all its tensors."""
    rng = np.random.default_rng(3)
    shape = (size // 16 // 2 // 512, 512)
    tensors = {f"blk.{i}.ffn_up.weight": rng.standard_normal(shape) for i in range(16)}
    metadata = {"general.architecture": "llama", "tokenizer.chat_template": "{{ messages }}"}
    old, new = folder / "old.gguf", folder / "new.gguf"
    old.write_bytes(gguf_bytes(metadata, tensors))
    metadata["tokenizer.chat_template"] = "{% for message in messages %}{{ message }}{% endfor %}"
    new.write_bytes(gguf_bytes(metadata, tensors))
    return old, new


def safetensors_tuned(folder: Path, size: int) -> Pair:
    """Train 3 of 32 tensors a little further."""
    rng = np.random.default_rng(4)
    shape = (size // 32 // 2 // 512, 512)
    tensors = {
        f"layers.{i:02}.weight": rng.standard_normal(shape).astype(np.float16) for i in range(32)
    }
    old, new = folder / "old.safetensors", folder / "new.safetensors"
    save_file(tensors, old)
    for i in (7, 8, 31):
        tensors[f"layers.{i:02}.weight"] += np.float16(0.01)
    save_file(tensors, new)
    return old, new


CASES: dict[str, Callable[[Path, int], Pair]] = {
    "SQLite, 1 MB appended": sqlite_appended,
    "Parquet, one row edited": lambda folder, size: parquet_edited(folder, size, False),
    "the same, content-defined": lambda folder, size: parquet_edited(folder, size, True),
    "GGUF, metadata changed": gguf_metadata,
    "safetensors, 3 tensors tuned": safetensors_tuned,
}


def compare(program: str, pair: Pair, *options: str) -> dict:
    """Run `hubdist dedupe`; return what it says of the new version."""
    command = [program, "dedupe", "--json", *map(str, pair), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    events = map(json.loads, done.stdout.splitlines())
    return next(e["report"]["versions"][-1] for e in events if e["event"] == "result")


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="hubdist")
    parser.add_argument("--size", type=int, default=32, help="MB of each file (default: 32)")
    parser.add_argument("--work", type=Path, help="keep files and reports in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        heads = f"{'size':>9} {'new':>9} {'to Xet':>9} {'to LFS':>9} {'ratio':>8}"
        print(f"{'MB':<30}{heads}")
        for number, (name, make) in enumerate(CASES.items(), 1):
            folder = work / str(number)
            folder.mkdir(parents=True, exist_ok=True)
            pair = make(folder, arguments.size * MB)
            found = compare(arguments.program, pair, "--html", str(folder / "report.html"))
            keys = ("size", "new_bytes", "xet_upload", "lfs_upload")
            numbers = " ".join(f"{found[key] / MB:9.2f}" for key in keys)
            print(f"{name:<30}{numbers} {found['ratio']:7.1f}x")
            file = found["files"][0]
            for line in (file.get("changes"), *file["advice"]):
                if line:
                    print(f"    {line}")


if __name__ == "__main__":
    main()
