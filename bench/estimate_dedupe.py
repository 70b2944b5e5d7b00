"""Estimates of two files, the second with 10 insertions of 1 KiB, against the published algorithm.

Usage: estimate_dedupe.py --build BUILD [--size-mib 1024] [--rounds 5] [--data random bf16 zeros]
BUILD: the build folder (preset release). Files lie in tmpfs where there is one. Prints medians, and
how many times ours the published estimator's algorithm took: as it was published, and with its
copying of bytes improved (published_estimator.cc).
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from measure import MIB, clean_environment, measure, print_ratios, rounds

INSERTIONS = 10


def content(kind: str, size: int) -> bytes:
    """Data of a kind, always the same."""
    rng = np.random.default_rng(1)
    if kind == "zeros":
        return bytes(size)
    if kind == "random":
        return rng.bytes(size)
    parts = []
    for _ in range(0, size, 64 * MIB):
        numbers = rng.standard_normal(32 * MIB, dtype=np.float32) * np.float32(0.02)
        parts.append((numbers.view(np.uint32) >> 16).astype(np.uint16).tobytes())
    return b"".join(parts)[:size]


def write_versions(folder: Path, kind: str, size: int) -> list[Path]:
    """The two files."""
    rng = np.random.default_rng(2)
    first = content(kind, size)
    (folder / "first").write_bytes(first)
    places = sorted(int(p) for p in rng.integers(0, size, INSERTIONS))
    with (folder / "second").open("wb") as out:
        for begin, end in zip([0, *places], [*places, size], strict=True):
            out.write(memoryview(first)[begin:end])
            if end < size:
                out.write(rng.bytes(1024))
    return [folder / "first", folder / "second"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", nargs="+", default=["random", "bf16", "zeros"])
    arguments = parser.parse_args()
    tmpfs = Path("/dev/shm")
    bench = arguments.build / "bench"
    for kind in arguments.data:
        with tempfile.TemporaryDirectory(dir=tmpfs if tmpfs.is_dir() else None) as work:
            files = write_versions(Path(work), kind, arguments.size_mib * MIB)
            commands = {
                "hubdist": [bench / "estimate_bench"],
                "published": [bench / "published_estimator"],
                "published, blocks copied": [bench / "published_estimator", "--gather-blocks"],
            }
            programs = {
                name: lambda command=command, files=files: measure(
                    [*command, *files], clean_environment()
                )
                for name, command in commands.items()
            }
            print(f"{kind}, 2 files of {arguments.size_mib} MiB")
            print_ratios(rounds(programs, arguments.rounds), "hubdist")


if __name__ == "__main__":
    main()
