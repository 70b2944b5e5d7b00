"""A hub, a tracker and four clients in one process: the hub sends each byte once.

python examples/exchange_in_process.py
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hubdist

work = Path(tempfile.mkdtemp(prefix="hubdist-example-"))
model = work / "model"
model.mkdir()
(model / "config.json").write_text('{"model_type": "example"}\n')
(model / "model.safetensors").write_bytes(os.urandom(32 << 20))

with hubdist.HubServer(work / "hub") as hub, hubdist.Tracker() as tracker:
    hub.add(model, "org/model")

    def client(number: int) -> hubdist.Client:
        """Make a node with a cache of its own, as on a machine of its own."""
        return hubdist.Client(
            hubdist.ClientOptions(
                endpoint=hub.endpoint, cache_dir=work / f"cache{number}", tracker=tracker.address
            )
        )

    clients = [client(number) for number in range(4)]
    with ThreadPoolExecutor(len(clients)) as pool:
        reports = list(pool.map(lambda c: c.download_snapshot("org/model"), clients))
    for one in clients:
        one.close()

print("node      hub bytes    peer bytes   verified")
for number, report in enumerate(reports):
    moved = f"{report.bytes_from_origin:14,} {report.bytes_from_peers:13,}"
    print(f"{number:4} {moved}   {report.verified}")
read = sum(report.bytes_from_origin for report in reports)
print(f"the hub sent {read / reports[0].bytes:.2f} times the model")
