"""The real hf_xet up to our hub and down from it, beside the reference's own server.

Usage: hub_xet.py --hubdist PROGRAM --peer PATH_OF_local_cas_server [--size-mib 1024] [--rounds 3]
Needs hf_xet and numpy. The peer is the binary of the crate `xet-client` (cargo install xet-client
--features simulation). Both servers begin with an empty folder in each round, both clients with an
empty home. Server CPU is what the server's process used from a transfer's begin to its end.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from measure import MIB, clean_environment, measure, serving

CLIENT = """
import sys, warnings
import hf_xet
warnings.simplefilter("ignore", DeprecationWarning)
what, path, endpoint, token, info = sys.argv[1:]
common = (endpoint, (token, 2**40), None, None)
if what == "upload":
    (done,) = hf_xet.upload_files([path], *common, None)
    open(info, "w").write(f"{done.hash} {done.file_size}")
else:
    name, size = open(info).read().split()
    hf_xet.download_files([hf_xet.PyXetDownloadInfo(path, name, int(size))], *common)
"""


@dataclass
class Server:
    """Where a CAS is, and the process that it is."""

    endpoint: str
    token: str
    pid: int

    def cpu(self) -> float:
        """Seconds that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> int:
        """The most memory that it held, in bytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024


def child_with_port(port: int) -> int:
    """The process of ours that listens on a port of loopback."""
    inode = next(
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    )
    for entry in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
        for link in Path(f"/proc/{entry}/fd").iterdir():
            if os.readlink(link) == f"socket:[{inode}]":
                return int(entry)
    sys.exit("the server is not to be found")


@contextmanager
def our_hub(program: Path, work: Path) -> Iterator[Server]:
    """A hub with an empty repository."""
    root = work / "hub"
    shutil.rmtree(root, ignore_errors=True)
    add = [program, "hub", "token", "add", "ada", "--write", "--root", root]
    token = subprocess.check_output(add, text=True, env=clean_environment()).strip()
    with serving(program, work, "hub", "serve", "--root", str(root)) as port:
        base, bearer = f"http://127.0.0.1:{port}/api", {"Authorization": f"Bearer {token}"}
        made = urllib.request.Request(f"{base}/repos/create", b'{"name":"m"}', bearer)
        urllib.request.urlopen(made).close()
        asked = urllib.request.Request(f"{base}/models/ada/m/xet-write-token/main", None, bearer)
        with urllib.request.urlopen(asked) as answer:
            cas = json.load(answer)
        yield Server(cas["casUrl"], cas["accessToken"], child_with_port(port))


@contextmanager
def peer(program: Path, work: Path) -> Iterator[Server]:
    """The reference's server on an empty folder."""
    root = work / "peer"
    shutil.rmtree(root, ignore_errors=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [program, "-d", root, "-p", str(port)],
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Server(f"http://127.0.0.1:{port}", "token", process.pid)
    finally:
        process.terminate()
        process.wait(10)


def make_content(path: Path, kind: str, size: int) -> None:
    """Noise, or numbers as a model's weights have them."""
    draw = np.random.default_rng(1)
    with path.open("wb") as file:
        for begin in range(0, size, 64 * MIB):
            count = min(64 * MIB, size - begin)
            if kind == "random":
                file.write(draw.bytes(count))
            else:
                weights = draw.normal(0, 0.02, count // 2).astype(np.float32)
                file.write((weights.view(np.uint32) >> 16).astype(np.uint16).tobytes())


def transfer(server: Server, work: Path, what: str, path: Path) -> tuple[float, float]:
    """Seconds of wall time and of the server's CPU."""
    home = work / "home"
    shutil.rmtree(home, ignore_errors=True)
    arguments = [what, path, server.endpoint, server.token, work / "info"]
    before = server.cpu()
    client = measure(
        [sys.executable, "-c", CLIENT, *map(str, arguments)], clean_environment(HF_HOME=home)
    )
    return client.wall, server.cpu() - before


def main() -> None:
    """Runs what the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hubdist", type=Path, required=True)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    starts = {
        "hubdist": (our_hub, arguments.hubdist.resolve()),
        "local_cas_server": (peer, arguments.peer.resolve()),
    }
    gigabytes = arguments.size_mib * MIB / 1e9
    print(f"{arguments.size_mib} MiB, medians of {arguments.rounds}; x: hubdist / local_cas_server")
    print(f"{'':34}{'wall s':>9}{'server CPU s/GB':>17}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory(dir=arguments.work, prefix="hubdist-bench-") as folder:
        work = Path(folder)
        content, back = work / "content", work / "back"
        for kind in ("random", "bf16"):
            make_content(content, kind, arguments.size_mib * MIB)
            runs: dict[tuple[str, str], list[tuple[float, float, int]]] = {}
            for _ in range(arguments.rounds):
                for name, (start, program) in starts.items():
                    with start(program, work) as server:
                        for what, path in (("upload", content), ("download", back)):
                            cost = transfer(server, work, what, path)
                            runs.setdefault((what, name), []).append((*cost, server.peak()))
                        same = subprocess.run(["cmp", "-s", content, back]).returncode == 0
                        back.unlink()
                        if not same:
                            sys.exit(f"{name} gave other bytes")
            report(kind, runs, gigabytes)


def report(kind: str, runs: dict, gigabytes: float) -> None:
    """The medians, and the medians of the rounds' ratios."""
    for (what, name), samples in runs.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*samples, strict=True))
        label = f"{what} {kind}, {name}"
        print(f"{label:34}{wall:9.2f}{cpu / gigabytes:17.2f}{memory / MIB:10.0f}")
    for what in ("upload", "download"):
        pairs = list(zip(runs[what, "hubdist"], runs[what, "local_cas_server"], strict=True))
        wall, cpu = (statistics.median(o[i] / t[i] for o, t in pairs) for i in (0, 1))
        print(f"{f'{what} {kind}, x':34}{wall:9.2f}{cpu:17.2f}")


if __name__ == "__main__":
    main()
