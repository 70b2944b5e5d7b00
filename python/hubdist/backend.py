"""The base class of backends that are written in Python."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable

from ._core import BackendCapabilities, ListPage, ObjectInfo, Uri

__all__ = ["Backend"]


class Backend(abc.ABC):
    """The code that speaks one URL scheme.

    Give one to `Client.add_backend("myscheme", MyBackend())`. Its methods are called by several
    threads at once. A backend never retries: the client does. Raise

    - `FileNotFoundError` when an object is not there,
    - `PermissionError` when a credential is missing, wrong or not enough,
    - `ConnectionError` or `TimeoutError` when the server or the way to it failed (tried again),
    - `hubdist.DataLossError` when the server sent other bytes than it announced,
    - `hubdist.OutOfRangeError` when a range begins behind the end,
    - `NotImplementedError` for what `capabilities()` excludes.

    Ctrl-C is noticed between calls, and between the chunks that `read()` yields, so let no call
    and no chunk take long.
    """

    @abc.abstractmethod
    def capabilities(self) -> BackendCapabilities:
        """Say what the backend can do; asked once, when it is added."""

    @abc.abstractmethod
    def stat(self, uri: Uri) -> ObjectInfo:
        """Return the size of an object, and its digests and etag as far as they are stated."""

    @abc.abstractmethod
    def read(self, uri: Uri, begin: int, end: int) -> Iterable[bytes | bytearray | memoryview]:
        """Yield exactly the bytes [begin, end) of an object, in order, in chunks of any size."""

    def list(self, uri: Uri, page: str) -> ListPage:
        """Return the files below `uri`, of every depth; `page` is empty for the first page."""
        raise NotImplementedError(f"{type(self).__name__} cannot list {uri}")

    def put(self, uri: Uri, size: int, source: Callable[[int], bytes]) -> None:
        """Store `size` bytes; `source(limit)` gives at most `limit` more, b"" at the end."""
        raise NotImplementedError(f"{type(self).__name__} cannot write {uri}")

    def exists(self, uri: Uri) -> bool:
        """Say whether an object is there."""
        try:
            self.stat(uri)
        except FileNotFoundError:
            return False
        return True

    def scope(self, uri: Uri) -> str:
        """Name the repository, bucket or host of `uri` among all others."""
        return f"{uri.scheme}://{uri.authority or uri.repo}"
