"""`estimate_dedupe`: what each version of something adds to those before it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import _arguments as arguments
from ._clients import shared_client
from ._core import DedupeProgress, DedupeReport, PathFilter, ProgressEvent, compare_versions
from ._progress import ComparisonBars
from .errors import InvalidArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Buffer

    _Path = str | os.PathLike[str]
    # Before Python 3.12 NumPy's arrays are buffers that do not say so.
    _Content = _Path | Buffer | NDArray[Any]
    Version = _Content | tuple[str, _Content]

__all__ = ["estimate_dedupe"]


def estimate_dedupe(
    versions: Iterable[Version],
    *,
    include: Iterable[str] | str | None = None,
    exclude: Iterable[str] | str | None = None,
    threads: int = 0,
    layouts: bool = True,
    progress: Callable[[ProgressEvent | DedupeProgress], object] | bool = True,
    token: bool | str | None = None,
    endpoint: str | None = None,
    cache_dir: _Path | None = None,
    headers: Mapping[str, str] | None = None,
    tracker: str | None = None,
) -> DedupeReport:
    """Count what each version adds to those before it, chunk by chunk, as a Xet hub would.

    The first version is counted against a hub that knows nothing. The report says, for each version
    and each of its files, how many bytes are new, how many an upload sends, and where they lie; its
    `assumptions` say what it does not know. It shows itself in a notebook.

    Args:
        versions: In their order. Each is what is uploaded in one commit: the path of a file or a
            folder (str or os.PathLike; "-" is standard input), the URI of a snapshot
            ("hf://org/model@v1" or modelscope://, brought into the hub's cache), the content of a
            file in any contiguous buffer (not copied; not to be written to meanwhile), or a pair
            (name, one of these) that gives it a name.
        include: Of a folder or snapshot only files that match one of these patterns.
        exclude: Leave out files that match one of these.
        threads: 0 for as many as this process may use.
        layouts: Whether to say what lies where in files of known formats.
        progress: Called in this thread, about 20 times a second, with each `ProgressEvent` while
            snapshots are brought, then with a `DedupeProgress`; an exception in it stops the call
            and is raised here. True: a bar on a terminal; False: nothing.

    The other arguments are those of `snapshot_download`, for hf:// where there is one, else for
    modelscope://.

    Memory is at most 64 MiB, 16 MiB a thread and 64 bytes a chunk, whatever the size of the files.
    Runs without the GIL, stops on Ctrl-C, may be called by many threads.

    Raises:
        FileNotFoundError: A version is not there.
        PermissionError: A file may not be read.
        AbortedError: A file changed while it was read.
        InvalidArgumentError: A version is neither a file nor a folder, or a buffer has gaps.
    """
    if isinstance(versions, str | bytes | bytearray | memoryview | os.PathLike):
        raise TypeError("versions is a list: [old, new], not one of them")
    found = [_named(version, number) for number, version in enumerate(versions, 1)]
    if not found:
        raise InvalidArgumentError("no version was given: give a list of one or more")
    client = None
    texts = [content for _, content in found if isinstance(content, str)]
    on_hf = any(text.startswith("hf://") for text in texts)
    if on_hf or any(map(arguments.is_modelscope, texts)):
        options = arguments.client_options(
            endpoint=endpoint,
            token=token,
            cache_dir=cache_dir,
            tracker=tracker,
            headers=headers,
            modelscope=not on_hf,
        )
        client = shared_client(options)
    with ComparisonBars(wanted=progress is True) as bars:
        return compare_versions(
            found,
            client=client,
            threads=threads,
            layouts=layouts,
            filter=PathFilter(arguments.patterns(include), arguments.patterns(exclude)),
            on_progress=bars.callback if isinstance(progress, bool) else _without_names(progress),
        )


def _without_names(
    callback: Callable[[ProgressEvent | DedupeProgress], object],
) -> Callable[[str | ProgressEvent | DedupeProgress], None]:
    def take(event: str | ProgressEvent | DedupeProgress) -> None:
        if not isinstance(event, str):
            callback(event)

    return take


def _named(version: Version, number: int) -> tuple[bytes, Any]:
    """Return the name of a version for the report, and where or what it is."""
    content: Any = version
    name = ""
    if isinstance(version, tuple):
        if len(version) != 2 or not isinstance(version[0], str):
            raise TypeError(f"version {number} is a tuple, but not of a name and a version")
        name, content = version
    if isinstance(content, str | os.PathLike):
        return os.fsencode(name or content), content
    try:
        memoryview(content).release()
    except TypeError:
        raise TypeError(
            f"version {number} is a {type(content).__name__}, not a path, a URI or a buffer of "
            "bytes"
        ) from None
    except ValueError:  # an array of a type that has no name there: its bytes will do
        pass
    return os.fsencode(name or f"buffer {number}"), content
