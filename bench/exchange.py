"""Nodes that share a snapshot over loopback: what the hub sends, and what sharing costs.

Usage: exchange.py --hubdist PROGRAM [--size-mib 512] [--nodes 4] [--rounds 3]
Compares N nodes with a tracker against N nodes alone, all through a proxy that counts what the hub
sends. On loopback the hub is as near as a peer, so the wall time shows the cost, not the gain.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import MIB, REPO, clean_environment, hub, make_model, serving

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "demo"))
from counting_proxy import CountingProxy


class Swarm:
    """N nodes, each a process with a cache of its own."""

    def __init__(self, program: Path, work: Path, nodes: int, size: int):
        self.program, self.work, self.nodes, self.size = program, work, nodes, size

    def run(self, proxy: CountingProxy, tracker: str) -> tuple[float, float]:
        """Seconds until the last node ended, and bytes that the hub sent / bytes of the model."""
        proxy.reset()
        begin = time.perf_counter()
        processes = [self._start(n, proxy.url, tracker) for n in range(self.nodes)]
        if any(process.wait() != 0 for process in processes):
            sys.exit("a node failed")
        return time.perf_counter() - begin, proxy.from_target / self.size

    def _start(self, node: int, endpoint: str, tracker: str) -> subprocess.Popen:
        cache = self.work / f"node{node}"
        shutil.rmtree(cache, ignore_errors=True)
        environment = clean_environment(
            HF_HOME=cache, HF_ENDPOINT=endpoint, HUBDIST_HOME=self.work / "home"
        )
        command = [self.program, "get", f"hf://{REPO}", "-q", "--tracker", tracker, "--linger"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def main() -> None:
    """Runs what the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hubdist", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--size-mib", type=int, default=512)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    program = arguments.hubdist.resolve()
    with tempfile.TemporaryDirectory(dir=arguments.work, prefix="hubdist-bench-") as folder:
        work = Path(folder)
        model = make_model(work / "model", arguments.size_mib * MIB)
        size = sum(f.stat().st_size for f in model.iterdir())
        swarm = Swarm(program, work, arguments.nodes, size)
        results: dict[str, list[tuple[float, float]]] = {"alone": [], "with a tracker": []}
        with hub(program, work, model) as port, CountingProxy(("127.0.0.1", port)) as proxy:
            for _ in range(arguments.rounds):
                results["alone"].append(swarm.run(proxy, "off"))
                with serving(program, work, "tracker") as tracker:
                    results["with a tracker"].append(swarm.run(proxy, f"127.0.0.1:{tracker}"))
        print(f"{arguments.nodes} nodes, {arguments.size_mib} MiB, medians of {arguments.rounds}")
        print(f"{'':18}{'last node s':>12}{'hub bytes / model bytes':>26}")
        for name, runs in results.items():
            wall = statistics.median(w for w, _ in runs)
            ratio = statistics.median(r for _, r in runs)
            print(f"{name:18}{wall:12.2f}{ratio:26.4f}")


if __name__ == "__main__":
    main()
