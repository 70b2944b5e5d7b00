"""A tracker and two nodes that exchange something that is no file: a blob in memory.

python examples/nodes_of_your_own.py
"""

import hashlib
import os
from collections.abc import Iterable

import hubdist

blob = os.urandom(8 << 20)
unit = hubdist.UnitLayout("sha256:" + hashlib.sha256(blob).hexdigest(), len(blob))


class Memory(hubdist.Content):
    """What a node holds, and where it would get it from if no peer had it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.data = bytearray(len(blob))

    def read(self, unit: str, offset: int, size: int) -> bytes:
        """Give what a peer asked for."""
        return bytes(self.data[offset : offset + size])

    def write(self, unit: str, offset: int, data: bytes, source: hubdist.Source) -> None:
        """Take what came."""
        self.data[offset : offset + len(data)] = data

    def read_origin(self, unit: str, begin: int, end: int) -> Iterable[bytes]:
        """Read from the origin, under lease."""
        for at in range(begin, end, 1 << 20):
            yield blob[at : min(end, at + (1 << 20))]


key = "whoever has this may take part"
with hubdist.Tracker(key=key) as tracker:
    contents = [Memory(), Memory()]
    nodes = [hubdist.Node(content, tracker.address, key=key) for content in contents]
    for number, node in enumerate(nodes):
        moved = node.fetch(unit)
        print(f"node {number}: {moved.from_origin:,} bytes from the origin,", end=" ")
        print(f"{moved.from_peers:,} from its peer")
    for node in nodes:
        node.close()
assert all(content.data == blob for content in contents)
