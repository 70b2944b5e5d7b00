"""What Python adds to chunking a buffer: hubdist.chunk() against chunk_memory() in C++.

Usage: PYTHONPATH=build/release/python python_overhead.py [--size-mib 1024] [--rounds 7]
       [--threads 1] --program build/release/bench/chunk_memory_bench
Both map the same file in memory and take turns. Prints medians, and the median over the rounds of
Python's time divided by C++'s.
"""

import argparse
import mmap
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import hubdist
from measure import MIB


def write_random(path: Path, size: int) -> None:
    """Writes `size` random bytes."""
    draw = random.Random(0)
    with open(path, "wb") as file:
        for begin in range(0, size, 8 * MIB):
            file.write(draw.randbytes(min(8 * MIB, size - begin)))


class Cpp:
    """The program, a round at a time."""

    def __init__(self, program: Path, file: Path, threads: int):
        command = [program, file, str(threads)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def round(self) -> tuple[float, float, str]:
        """CPU seconds, wall seconds and the file hash."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        cpu, wall, file_hash = self.process.stdout.readline().split()
        return float(cpu), float(wall), file_hash

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)


def python_round(content: mmap.mmap, threads: int) -> tuple[float, float, str]:
    """CPU seconds, wall seconds and the file hash; the arrays are made as well."""
    cpu, wall = time.process_time(), time.perf_counter()
    manifest = hubdist.chunk(content, threads=threads)
    assert len(manifest.offsets) == len(manifest.hashes) + 1
    return time.process_time() - cpu, time.perf_counter() - wall, manifest.file_hash


def main() -> int:
    """Runs the rounds and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.NamedTemporaryFile(dir=shared) as named:
        file = Path(named.name)
        write_random(file, arguments.size_mib * MIB)
        cpp = Cpp(arguments.program, file, arguments.threads)
        with open(file, "rb") as opened:
            content = mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ)
            cpp.round()
            python_round(content, arguments.threads)  # pages and caches are warm in both
            pairs = []
            for i in range(arguments.rounds):
                # Each goes first every other time: the second finds the caches of the first.
                first = cpp.round() if i % 2 else None
                python = python_round(content, arguments.threads)
                pairs.append((python, first or cpp.round()))
            content.close()
        cpp.close()
    assert all(ours[2] == theirs[2] for ours, theirs in pairs), "the hashes differ"
    print(f"{arguments.size_mib} MiB, {arguments.threads} threads, medians of {arguments.rounds}")
    for i, clock in enumerate(("CPU", "wall")):
        python = statistics.median(p[i] for p, _ in pairs)
        plain = statistics.median(c[i] for _, c in pairs)
        ratio = statistics.median(p[i] / c[i] for p, c in pairs)
        print(f"{clock:5} Python {python:.3f} s, C++ {plain:.3f} s, ratio {ratio:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
