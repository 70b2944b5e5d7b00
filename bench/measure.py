"""What the benchmarks share: a hub to read from, a child process measured, medians as tables."""

import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples" / "demo"))
from sample_model import write_safetensors

REPO = "bench/model"
MIB = 1 << 20


@dataclass(frozen=True)
class Sample:
    """One run of one program."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    memory: int  # bytes, the most it held


def measure(command: Sequence[str | Path], environment: dict[str, str]) -> Sample:
    """Runs a command to its end and says what it cost; exits when it fails."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    watch = _MemoryWatch(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with status {process.returncode}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, watch.peak())


class _MemoryWatch:
    """The most that a process held. Its rusage counts what its parent held before the exec."""

    def __init__(self, pid: int):
        self._pid = pid
        self._peak = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        status = Path(f"/proc/{self._pid}/status")
        while True:
            try:
                lines = status.read_text().splitlines()
            except OSError:  # it has ended
                return
            peak = [line for line in lines if line.startswith("VmHWM")]
            if not peak:  # it is ending
                return
            self._peak = max(self._peak, int(peak[0].split()[1]) * 1024)
            time.sleep(0.01)

    def peak(self) -> int:
        self._thread.join()
        return self._peak


def clean_environment(**values: str | Path) -> dict[str, str]:
    """The environment without what would steer a hub client, and `values` in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUBDIST_"))}
    return kept | {k: str(v) for k, v in values.items()}


def make_model(folder: Path, size: int, shards: int = 4) -> Path:
    """A snapshot of `size` bytes in safetensors shards, with a small config.json."""
    if folder.exists():
        return folder
    partial = folder.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    for i in range(shards):
        write_safetensors(
            partial / f"model-{i + 1:05}-of-{shards:05}.safetensors", size // shards, i
        )
    (partial / "config.json").write_text('{"model_type": "bench"}\n')
    partial.rename(folder)
    return folder


@contextmanager
def serving(program: Path, work: Path, *command: str) -> Iterator[int]:
    """Runs a `hubdist` command that listens on loopback; yields its port."""
    with running(program, work, *command) as (_, port):
        yield port


@contextmanager
def running(
    program: Path, work: Path, *command: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The same; yields its process, too."""
    port_file = work / f"{command[0]}.port"
    port_file.unlink(missing_ok=True)
    listen = ["--listen", "127.0.0.1:0", "--port-file", port_file]
    environment = clean_environment(HUBDIST_HOME=work / "home")
    process = subprocess.Popen(
        [program, *command, *listen], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 15
        while not port_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"hubdist {command[0]} did not start")
            time.sleep(0.02)
        yield process, int(port_file.read_text())
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def hub(program: Path, work: Path, model: Path) -> Iterator[int]:
    """A hub on loopback that holds `model` as REPO; yields its port."""
    root = work / "hub"
    add = [program, "hub", "add", model, REPO, "--root", root]
    subprocess.run(add, check=True, stdout=subprocess.DEVNULL, env=clean_environment())
    with serving(program, work, "hub", "serve", "--root", str(root)) as port:
        yield port


def rounds(programs: dict[str, Callable[[], Sample]], count: int) -> dict[str, list[Sample]]:
    """Runs every program `count` times, in turns, so that the machine's moods fall on all alike."""
    samples: dict[str, list[Sample]] = {name: [] for name in programs}
    for _ in range(count):
        for name, run in programs.items():
            samples[name].append(run())
    return samples


def print_ratios(samples: dict[str, list[Sample]], ours: str) -> None:
    """Medians of each program, and the medians of (other / ours) over the rounds."""
    print(f"{'':28}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'wall x':>9}{'CPU x':>9}")
    for name, runs in samples.items():
        wall, cpu, memory = (
            statistics.median(getattr(s, field) for s in runs)
            for field in ("wall", "cpu", "memory")
        )
        ratios = ""
        if name != ours:
            pairs = list(zip(runs, samples[ours], strict=True))
            wall_ratio = statistics.median(theirs.wall / our.wall for theirs, our in pairs)
            cpu_ratio = statistics.median(theirs.cpu / our.cpu for theirs, our in pairs)
            ratios = f"{wall_ratio:9.2f}{cpu_ratio:9.2f}"
        print(f"{name:28}{wall:9.2f}{cpu:9.2f}{memory / MIB:10.0f}{ratios}")
