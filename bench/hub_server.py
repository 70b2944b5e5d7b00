"""What `hubdist hub serve` costs, against nginx where it is installed (Debian: nginx-light).

Usage: hub_server.py --build BUILD [--size-mib 1024] [--rounds 3] [--only downloads ranges ...]
BUILD: the build folder (preset release). Listing needs wrk (Debian: wrk). Files lie in tmpfs where
there is one. A GB is 1e9 bytes; CPU is the server's, user and system.
downloads: GETs of one file: an object, the same by nginx, the same out of xorbs.
ranges: ranges of 10 MB at any offset of a file in xorbs: bytes read from the store for bytes sent.
listing: 200 clients that list a repository and ask for a file's head.
memory: what the server holds while it sends a file of 10 GiB to 1, 16 and 64 clients.
"""

import argparse
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from measure import MIB, REPO, clean_environment, running

RANGE = 10_000_000
CLIENTS = 200
SPARSE = 10 << 30
MEMORY_SECONDS = 8


def cpu_seconds(pid: int) -> float:
    """Of the threads of a process and its children."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    own = sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in children)


@dataclass(frozen=True)
class Server:
    """A server that runs, and where it has the file."""

    pid: int
    port: int
    path: str

    def url(self, path: str | None = None) -> str:
        return f"http://127.0.0.1:{self.port}{path or self.path}"

    def metric(self, name: str) -> int:
        with urllib.request.urlopen(self.url("/metrics")) as answer:
            return int(re.search(rf"^{name} (\d+)$", answer.read().decode(), re.M)[1])


class Hub:
    """A hub's folder, and a server for it."""

    def __init__(self, build: Path, work: Path):
        self.build, self.work, self.root = build, work, work / "hub"

    def add(self, folder: Path, repo: str = REPO) -> None:
        command = [self.build / "bin/hubdist", "hub", "add", folder, repo, "--root", self.root]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=clean_environment())

    def move_to_xorbs(self) -> None:
        command = [self.build / "bench/to_xorbs", self.root]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    @contextmanager
    def serving(self, file: str = "w.bin") -> Iterator[Server]:
        serve = ["hub", "serve", "--root", str(self.root), "--metrics"]
        with running(self.build / "bin/hubdist", self.work, *serve) as (process, port):
            yield Server(process.pid, port, f"/{REPO}/resolve/main/{file}")


@contextmanager
def nginx(work: Path, folder: Path) -> Iterator[Server | None]:
    """nginx with a worker for each core, sendfile, no log; None where it is not installed."""
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        print("nginx is not installed: left out (Debian: nginx-light)")
        yield None
        return
    port = 20_000 + os.getpid() % 10_000
    (work / "nginx.conf").write_text(
        f"daemon off; user {os.environ.get('USER', 'root')}; pid {work}/nginx.pid;"
        "worker_processes auto; error_log /dev/null; events { worker_connections 1024; }"
        f"http {{ sendfile on; tcp_nopush on; access_log off; server {{"
        f"listen 127.0.0.1:{port}; root {folder}; }} }}"
    )
    process = subprocess.Popen(
        [program, "-p", work, "-c", work / "nginx.conf"], stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(1)
        yield Server(process.pid, port, "/w.bin")
    finally:
        process.terminate()
        process.wait(10)


def make_weights(path: Path, size: int, kind: str) -> None:
    """A file of random bytes, or of bf16 weights, which shrink."""
    source = np.random.default_rng(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        for _ in range(size // (16 * MIB)):
            if kind == "random":
                out.write(source.bytes(16 * MIB))
            else:
                floats = source.standard_normal(8 * MIB, dtype=np.float32) * 0.02
                out.write((floats.view(np.uint32) >> 16).astype(np.uint16).tobytes())


@dataclass(frozen=True)
class Cost:
    """What it took to send so many bytes."""

    size: int
    wall: float
    cpu: float

    @property
    def wall_rate(self) -> float:
        return self.size / 1e9 / self.wall

    @property
    def cpu_rate(self) -> float:
        return self.size / 1e9 / self.cpu


def get(server: Server, size: int) -> Cost:
    """One client takes the whole file."""
    cpu, wall = cpu_seconds(server.pid), time.perf_counter()
    command = ["curl", "-sSf", "-o", "/dev/null", "-w", "%{size_download}", server.url()]
    got = int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if got != size:
        sys.exit(f"{got} bytes came instead of {size}")
    return Cost(size, time.perf_counter() - wall, cpu_seconds(server.pid) - cpu)


def bench_downloads(build: Path, work: Path, size: int, rounds: int) -> None:
    """Whole files."""
    print(f"\n{size // MIB} MiB to one client, medians of {rounds} rounds")
    print(f"{'':28}{'GB/s':>8}{'GB a CPU s':>12}{'of nginx':>10}{'by CPU':>8}")
    folder = work / "model"
    for kind in ("random", "bf16"):
        make_weights(folder / "w.bin", size, kind)
        hub = Hub(build, work)
        hub.add(folder)
        peers: dict[str, list[Cost]] = {}
        with hub.serving() as ours, nginx(work, folder) as peer:
            servers = {f"{kind}, object": ours} | ({f"{kind}, nginx": peer} if peer else {})
            for server in servers.values():
                get(server, size)  # pages that are read for the first time cost more
            for _ in range(rounds):
                for name, server in servers.items():
                    peers.setdefault(name, []).append(get(server, size))
        hub.move_to_xorbs()
        with hub.serving() as ours:
            get(ours, size)
            peers[f"{kind}, xorbs"] = [get(ours, size) for _ in range(rounds)]
        print_rates(peers, peers.get(f"{kind}, nginx"))
        shutil.rmtree(hub.root)


def print_rates(costs: dict[str, list[Cost]], peer: list[Cost] | None) -> None:
    """Medians, and the medians of (ours / peer) over the rounds."""
    for name, runs in costs.items():
        wall = statistics.median(c.wall_rate for c in runs)
        cpu = statistics.median(c.cpu_rate for c in runs)
        line = f"{name:28}{wall:8.2f}{cpu:12.2f}"
        if peer and runs is not peer:
            pairs = list(zip(runs, peer, strict=True))
            line += f"{statistics.median(c.wall_rate / p.wall_rate for c, p in pairs):10.2f}"
            line += f"{statistics.median(c.cpu_rate / p.cpu_rate for c, p in pairs):8.2f}"
        print(line)


def bench_ranges(build: Path, work: Path, size: int, rounds: int) -> None:
    """Ranges of 10 MB at any offset, as old clients of Xet storage ask for them."""
    folder = work / "model"
    print("\n10 MB ranges of a file in xorbs")
    for kind in ("random", "bf16"):
        make_weights(folder / "w.bin", size, kind)
        hub = Hub(build, work)
        hub.add(folder)
        hub.move_to_xorbs()
        print(f"  {kind:8}", ask_ranges(hub, size, 30 * rounds))
        shutil.rmtree(hub.root)


def ask_ranges(hub: Hub, size: int, count: int) -> str:
    """Ranges one after another; what they cost."""
    with hub.serving() as server:
        source = random.Random(1)
        sent = 0
        cpu = cpu_seconds(server.pid)
        for _ in range(count):
            begin = source.randrange(size - RANGE)
            ask = urllib.request.Request(
                server.url(), headers={"Range": f"bytes={begin}-{begin + RANGE - 1}"}
            )
            with urllib.request.urlopen(ask) as answer:
                sent += len(answer.read())
        cpu = cpu_seconds(server.pid) - cpu
        read = server.metric("hubdist_content_read_bytes_total")
        told = server.metric("hubdist_content_sent_bytes_total")
    if told != sent:
        sys.exit(f"the hub counted {told} bytes sent instead of {sent}")
    return f"{sent / 1e9 / cpu:6.2f} GB a CPU s, read / sent = {read / told:.4f}"


def bench_listing(build: Path, work: Path, _size: int, _rounds: int) -> None:
    """Many clients that ask for what is small."""
    if shutil.which("wrk") is None:
        print("wrk is not installed: listing is left out (Debian: wrk)")
        return
    folder = work / "many"
    for i in range(200):
        make_weights(folder / f"part{i % 10}" / f"{i}.bin", 0, "random")
    (folder / "w.bin").write_bytes(b"weights" * 1000)
    hub = Hub(build, work)
    hub.add(folder)
    print(f"\n{CLIENTS} clients at once (wrk), 201 files")
    with hub.serving() as server:
        for name, path in {
            "tree of the repository": f"/api/models/{REPO}/tree/main?recursive=true",
            "facts of the repository": f"/api/models/{REPO}",
            "a file of 7 kB": f"/{REPO}/resolve/main/w.bin",
        }.items():
            cpu = cpu_seconds(server.pid)
            command = ["wrk", "-t2", f"-c{CLIENTS}", "-d8s", "--latency", server.url(path)]
            text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            cpu = cpu_seconds(server.pid) - cpu
            count = int(re.search(r"(\d+) requests in", text)[1])
            p99 = re.search(r"99%\s+(\S+)", text)[1]
            rate = float(re.search(r"Requests/sec:\s+(\S+)", text)[1])
            bad = re.search(r"(Non-2xx.*|Socket errors.*)", text)
            print(f"  {name:26}{rate:9.0f} a second, p99 {p99}, {1e6 * cpu / count:.0f} us of CPU")
            if bad:
                print(f"    {bad[1]}")
    shutil.rmtree(hub.root)


def resident(pid: int) -> int:
    """Bytes of memory that a process has now."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", text, re.M)[1]) * 1024


def peak_memory(server: Server, clients: int) -> int:
    """The most that the server has while so many take the file; none takes it whole."""
    command = ["curl", "-s", "-o", "/dev/null", "-m", str(MEMORY_SECONDS), server.url()]
    processes = [subprocess.Popen(command) for _ in range(clients)]
    peak = 0
    while any(process.poll() is None for process in processes):
        peak = max(peak, resident(server.pid))
        time.sleep(0.1)
    return peak


def bench_memory(build: Path, work: Path, size: int, _rounds: int) -> None:
    """One file of 10 GiB to many clients; also a smaller one of what does not shrink."""
    folder = work / "model"
    print(f"\nmemory while {SPARSE >> 30} GiB go to 1, 16 and 64 clients, MiB")
    for form in ("object", "xorbs", "random xorbs"):
        hub = Hub(build, work)
        make_weights(folder / "w.bin", size if form == "random xorbs" else 16 * MIB, "random")
        hub.add(folder)
        if form != "random xorbs":
            (blob,) = [f for f in (hub.root / "blobs").rglob("*") if f.stat().st_size == 16 * MIB]
            os.truncate(blob, SPARSE)  # the hub sends what is there
        if form != "object":
            hub.move_to_xorbs()
        with hub.serving() as server:
            peaks = [peak_memory(server, clients) for clients in (1, 16, 64)]
        print(f"  {form:14}" + "".join(f"{peak / MIB:8.0f}" for peak in peaks))
        shutil.rmtree(hub.root)


def main() -> None:
    """Runs what the module's docstring says."""
    benches: dict[str, Callable[[Path, Path, int, int], None]] = {
        "downloads": bench_downloads,
        "ranges": bench_ranges,
        "listing": bench_listing,
        "memory": bench_memory,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=benches, default=list(benches))
    arguments = parser.parse_args()
    tmpfs = Path("/dev/shm")
    for name in arguments.only:
        with tempfile.TemporaryDirectory(dir=tmpfs if tmpfs.is_dir() else None) as work:
            benches[name](
                arguments.build.resolve(), Path(work), arguments.size_mib * MIB, arguments.rounds
            )


if __name__ == "__main__":
    main()
