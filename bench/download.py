"""Downloads of a snapshot from a hubdist hub over loopback to tmpfs: ours against the peers.

Usage: download.py --hubdist PROGRAM [--size-mib 1024] [--rounds 5] [--memory-size-mib 4096]
Peers: huggingface_hub.snapshot_download of this interpreter (plain HTTP) and curl, which verifies
nothing. Prints medians, and how many times ours each peer took.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from measure import (
    MIB,
    REPO,
    Sample,
    clean_environment,
    hub,
    make_model,
    measure,
    print_ratios,
    rounds,
)

SNAPSHOT = "import sys, huggingface_hub as h; h.snapshot_download(sys.argv[1], max_workers=8)"


class Downloads:
    """Each method downloads the whole snapshot into an empty folder and measures that."""

    def __init__(self, program: Path, work: Path, model: Path, port: int):
        self.program = program
        self.work = work
        self.endpoint = f"http://127.0.0.1:{port}"
        self.files = sorted(f.name for f in model.iterdir())

    def _fresh(self) -> Path:
        folder = self.work / "got"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def _environment(self) -> dict[str, str]:
        return clean_environment(
            HF_HOME=self._fresh(),
            HF_ENDPOINT=self.endpoint,
            HF_HUB_DISABLE_XET="1",
            HF_HUB_DISABLE_PROGRESS_BARS="1",
            HUBDIST_HOME=self.work / "home",
        )

    def hubdist(self) -> Sample:
        """`hubdist get`: every file verified."""
        return measure([self.program, "get", f"hf://{REPO}", "-q"], self._environment())

    def huggingface_hub(self) -> Sample:
        """snapshot_download: sizes checked, no hash."""
        return measure([sys.executable, "-c", SNAPSHOT, REPO], self._environment())

    def curl(self) -> Sample:
        """All files at once by one curl; nothing verified."""
        folder = self._fresh()
        command = ["curl", "-sSf", "--no-progress-meter", "--parallel"]
        for name in self.files:
            command += ["-o", str(folder / name), f"{self.endpoint}/{REPO}/resolve/main/{name}"]
        return measure(command, clean_environment())


def main() -> None:
    """Runs what the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hubdist", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--memory-size-mib", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    program = arguments.hubdist.resolve()
    with tempfile.TemporaryDirectory(dir=arguments.work, prefix="hubdist-bench-") as folder:
        work = Path(folder)
        model = make_model(work / "model", arguments.size_mib * MIB)
        with hub(program, work, model) as port:
            d = Downloads(program, work, model, port)
            programs = {"hubdist": d.hubdist, "huggingface_hub": d.huggingface_hub, "curl": d.curl}
            print(f"{arguments.size_mib} MiB, medians of {arguments.rounds} rounds in turns")
            print_ratios(rounds(programs, arguments.rounds), ours="hubdist")
        shutil.rmtree(work / "hub")
        shutil.rmtree(model)
        model = make_model(work / "large", arguments.memory_size_mib * MIB)
        with hub(program, work, model) as port:
            shutil.rmtree(model)  # the hub has its own copy, and tmpfs is memory
            model.mkdir()
            peak = Downloads(program, work, model, port).hubdist().memory
            size = arguments.memory_size_mib
            print(f"\npeak memory of hubdist get, {size} MiB: {peak / MIB:.0f} MiB")


if __name__ == "__main__":
    main()
