"""The base class of what a Node exchanges."""

from __future__ import annotations

import abc
from collections.abc import Iterable

from ._core import Source

__all__ = ["Content"]


class Content(abc.ABC):
    """What a `Node` needs from its owner: the bytes that it holds, a place for those that it gets,
    and the way to the origin.

    Called by several threads at once, also for one unit. Offsets are inside the unit; a range never
    crosses the end of a bundle's member.
    """

    @abc.abstractmethod
    def read(self, unit: str, offset: int, size: int) -> bytes | bytearray | memoryview:
        """Return `size` held bytes of a unit. Raise `FileNotFoundError` when the unit is not served
        (any more), `hubdist.DataLossError` when what lies behind it was changed since it was
        verified; the node then stops offering it."""

    @abc.abstractmethod
    def write(self, unit: str, offset: int, data: bytes, source: Source) -> None:
        """Take bytes of a piece. From a peer they have passed the piece's hash; from the origin
        they are as they came. An exception ends the fetch of that unit with it."""

    @abc.abstractmethod
    def read_origin(
        self, unit: str, begin: int, end: int
    ) -> Iterable[bytes | bytearray | memoryview]:
        """Yield exactly the bytes [begin, end) of a unit from the origin, in order, in chunks of
        any size. Retries are yours; an exception is final for this lease."""
