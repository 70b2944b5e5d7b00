"""Downloads of one file from the Xet storage of a hubdist hub over loopback to tmpfs: ours, and
huggingface_hub with hf_xet, which verifies nothing.

Usage: xet_download.py --hubdist PROGRAM [--size-mib 1024] [--rounds 5] [--data random bf16]
Needs two processors: the hub is pinned to one, its client to the other. "imports" is what starting
Python and importing huggingface_hub and hf_xet costs alone. Prints medians, and how many times ours
each peer took.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from contents import CONTENTS, write
from measure import MIB, REPO, Sample, clean_environment, measure, print_ratios, rounds, serving

UPLOAD = """
import sys, huggingface_hub as h
h.HfApi().create_repo(sys.argv[1])
h.HfApi().upload_file(path_or_fileobj=sys.argv[2], path_in_repo="model.bin", repo_id=sys.argv[1])
"""
DOWNLOAD = "import sys, huggingface_hub as h; h.hf_hub_download(sys.argv[1], 'model.bin')"
IMPORTS = "import huggingface_hub.file_download, hf_xet"
HUB_CPU, CLIENT_CPU = sorted(os.sched_getaffinity(0))[:2]


class Downloads:
    """Each method downloads the file into an empty folder and measures that."""

    def __init__(self, program: Path, work: Path, port: int):
        self.program = program
        self.work = work
        self.endpoint = f"http://127.0.0.1:{port}"

    def _run(self, *command: str | Path) -> Sample:
        folder = self.work / "got"
        shutil.rmtree(folder, ignore_errors=True)
        environment = clean_environment(
            HF_HOME=folder,
            HF_ENDPOINT=self.endpoint,
            HF_HUB_DISABLE_PROGRESS_BARS="1",
            HUBDIST_HOME=self.work / "home",
        )
        return measure(["taskset", "-c", str(CLIENT_CPU), *command], environment)

    def hubdist(self) -> Sample:
        """`hubdist get`: every chunk verified."""
        return self._run(self.program, "get", f"hf://{REPO}/model.bin", "-q")

    def hf_xet(self) -> Sample:
        """hf_hub_download: the size checked, no hash."""
        return self._run(sys.executable, "-c", DOWNLOAD, REPO)

    def imports(self) -> Sample:
        """Nothing is downloaded."""
        return self._run(sys.executable, "-c", IMPORTS)


def upload(program: Path, root: Path, work: Path, port: int, content: Path) -> None:
    """Puts the file into the hub by Xet."""
    add = [program, "hub", "token", "add", REPO.split("/")[0], "--write", "--root", root]
    token = subprocess.run(add, check=True, capture_output=True, text=True).stdout.strip()
    environment = clean_environment(
        HF_TOKEN=token,
        HF_HOME=work / "uploader",
        HF_ENDPOINT=f"http://127.0.0.1:{port}",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
    )
    command = [sys.executable, "-c", UPLOAD, REPO, content]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def bench(program: Path, folder: Path, kind: str, size: int, count: int) -> None:
    """One kind of data, with a hub of its own."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="hubdist-bench-") as made:
        work = Path(made)
        content = work / "model.bin"
        write(content, size, CONTENTS[kind])
        root = work / "hub"
        with serving(program, work, "hub", "serve", "--root", str(root), cpu=HUB_CPU) as port:
            upload(program, root, work, port, content)
            content.unlink()  # tmpfs is memory
            downloads = Downloads(program, work, port)
            programs = {
                "hubdist": downloads.hubdist,
                "huggingface_hub, hf_xet": downloads.hf_xet,
                "imports": downloads.imports,
            }
            print(f"{kind}, {size // MIB} MiB, medians of {count} rounds in turns")
            print_ratios(rounds(programs, count), ours="hubdist")


def main() -> None:
    """Runs what the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hubdist", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", nargs="+", choices=CONTENTS, default=["random", "bf16"])
    arguments = parser.parse_args()
    program = arguments.hubdist.resolve()
    for kind in arguments.data:
        bench(program, arguments.work, kind, arguments.size_mib * MIB, arguments.rounds)


if __name__ == "__main__":
    main()
