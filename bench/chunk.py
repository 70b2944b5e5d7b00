"""Chunking and hashing files as Xet does, on one core: ours against hf_xet and against its parts.

Usage: chunk.py --bench build/release/bench/chunk_bench [--size-mib 1024] [--rounds 5] [--cores]
Prints, for random data, bf16 weights and zeros, CPU seconds a GB (1e9 bytes), medians of rounds in
turns: hf_xet.hash_files of this interpreter, and ours with each gear kernel that the processor
runs. Then ours against the floor: reading, boundaries and hashes, each alone in the same round.
What a program takes for an empty file is taken off. With --cores, wall time of one big file on two
cores against one as well, which means something on an idle machine only.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from contents import CONTENTS, write
from measure import MIB, clean_environment, measure

HF_XET = "import sys, hf_xet; print(hf_xet.hash_files(sys.argv[1:])[0].hash)"


def hash_of(command: Sequence[str | Path]) -> str:
    """What a program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Bench:
    """Programs over one file."""

    def __init__(self, program: Path, path: Path, empty: Path):
        self.program, self.path, self.empty = program, path, empty
        self.gb = path.stat().st_size / 1e9
        self.kernels = hash_of([program, "kernels"]).split()

    def commands(self) -> dict[str, Callable[[Path], list[str | Path]]]:
        """Each program as a command line for a file."""
        found: dict[str, Callable[[Path], list[str | Path]]] = {
            "hf_xet": lambda path: [sys.executable, "-c", HF_XET, path]
        }
        for kernel in self.kernels:
            found[kernel] = lambda path, k=kernel: [self.program, "hash", path, "1", k]
        return found

    def check(self) -> None:
        """All programs must agree before their times mean anything."""
        hashes = {name: hash_of(make(self.path)) for name, make in self.commands().items()}
        if len(set(hashes.values())) != 1:
            sys.exit(f"the hashes differ: {hashes}")

    def cost(self, make: Callable[[Path], list[str | Path]]) -> float:
        """CPU seconds a GB."""
        environment = clean_environment()
        start = measure(make(self.empty), environment).cpu
        return (measure(make(self.path), environment).cpu - start) / self.gb

    def parts(self) -> list[float]:
        """CPU seconds a GB of reading, of finding boundaries, of hashing."""
        return [float(x) for x in hash_of([self.program, "parts", self.path]).split()]


def compare(bench: Bench, rounds: int) -> None:
    """Prints the table of one content."""
    bench.check()
    costs: dict[str, list[float]] = {name: [] for name in bench.commands()}
    parts: list[list[float]] = []
    for _ in range(rounds):
        for name, make in bench.commands().items():
            costs[name].append(bench.cost(make))
        parts.append(bench.parts())
    for name, values in costs.items():
        ratio = statistics.median(h / o for h, o in zip(costs["hf_xet"], values, strict=True))
        print(f"  {name:12}{statistics.median(values):8.3f} CPU s/GB{ratio:8.2f}x less than hf_xet")
    read, gear, blake3 = (statistics.median(column) for column in zip(*parts, strict=True))
    ours = costs[bench.kernels[-1]]
    over = statistics.median(o / sum(p) for o, p in zip(ours, parts, strict=True))
    print(f"  floor: reading {read:.3f} + boundaries {gear:.3f} + hashes {blake3:.3f}", end="")
    print(f" = {read + gear + blake3:.3f}; ours {over:.2f} times that")


def scale(bench: Bench, rounds: int) -> None:
    """Prints what a second core gives."""
    ratios = []
    for _ in range(rounds):
        one, two = (
            measure([bench.program, "hash", bench.path, cores], clean_environment())
            for cores in ("1", "2")
        )
        ratios.append((one.wall / two.wall, two.cpu / one.cpu))
    wall, cpu = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"  two cores: {wall:.2f} times as fast as one, {cpu:.2f} times the CPU time")


def main() -> None:
    """Runs what the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.work, prefix="hubdist-bench-") as folder:
        empty = Path(folder) / "empty"
        empty.touch()
        print(f"{arguments.size_mib} MiB, medians of {arguments.rounds} rounds in turns")
        for name, block in CONTENTS.items():
            path = Path(folder) / name
            write(path, arguments.size_mib * MIB, block)
            print(name)
            bench = Bench(arguments.bench.resolve(), path, empty)
            compare(bench, arguments.rounds)
            if arguments.cores:
                scale(bench, arguments.rounds)
            path.unlink()


if __name__ == "__main__":
    main()
