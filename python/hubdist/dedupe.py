"""`estimate_dedupe`: what each version of something adds to those before it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import _arguments as arguments
from ._clients import shared_client
from ._core import Client, DedupeProgress, DedupeReport, compare_versions
from ._progress import Bars, ReadingBar
from .errors import InvalidArgumentError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    _Path = str | os.PathLike[str]
    Version = _Path | Buffer | tuple[str, _Path | Buffer]

__all__ = ["estimate_dedupe"]


def estimate_dedupe(
    versions: Iterable[Version],
    *,
    threads: int = 0,
    layouts: bool = True,
    progress: Callable[[DedupeProgress], object] | bool = True,
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
            ("hf://org/model@v1", brought into the Hugging Face cache), the content of a file in any
            contiguous buffer (not copied; not to be written to meanwhile), or a pair (name, one of
            these) that gives it a name.
        threads: 0 for as many as this process may use.
        layouts: Whether to say what lies where in files of known formats.
        progress: Called with a `DedupeProgress` in this thread, about 20 times a second; an
            exception in it stops the comparison and is raised here. True: a bar on a terminal;
            False: nothing.

    The other arguments are those of `snapshot_download`, for URIs.

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
    client: Client | None = None
    found = []
    for number, version in enumerate(versions, 1):
        name, content = _named(version, number)
        commit = ""
        if isinstance(content, str) and _is_uri(content):
            if client is None:
                client = shared_client(
                    arguments.client_options(
                        endpoint=endpoint,
                        token=token,
                        cache_dir=cache_dir,
                        tracker=tracker,
                        headers=headers,
                    )
                )
            content, commit = _fetch(client, content, bar=progress is not False)
        found.append((os.fsencode(name), commit, content))
    with ReadingBar(wanted=progress is True) as bar:
        callback = bar.callback if isinstance(progress, bool) else progress
        return compare_versions(found, threads=threads, layouts=layouts, on_progress=callback)


def _named(version: Version, number: int) -> tuple[str, Any]:
    """Return the name of a version for the report, and where or what it is."""
    if isinstance(version, tuple):
        if len(version) != 2 or not isinstance(version[0], str):
            raise TypeError(f"version {number} is a tuple, but not of a name and a version")
        name: str | None = version[0]
        content: Any = version[1]
    else:
        name, content = None, version
    if isinstance(content, str | os.PathLike):
        content = os.fspath(content)
        if isinstance(content, bytes):
            content = os.fsdecode(content)
        return name or content, content
    try:
        memoryview(content).release()
    except TypeError:
        raise TypeError(
            f"version {number} is a {type(content).__name__}, not a path, a URI or a buffer of "
            "bytes"
        ) from None
    except ValueError:  # an array of a type that has no name there: its bytes will do
        pass
    return name or f"buffer {number}", content


def _is_uri(text: str) -> bool:
    return "://" in text and not os.path.exists(text)


def _fetch(client: Client, uri: str, *, bar: bool) -> tuple[str, str]:
    """Bring a snapshot into the cache; return where it lies, and its commit."""
    if not uri.startswith("hf://"):
        raise InvalidArgumentError(
            f"{uri}: only hf:// URIs can be compared; hubdist.download() brings others"
        )
    with Bars(None, None, count_files=False) as bars:
        report = client.download(uri, progress=bars.callback if bar else None)
    return os.fspath(report.path), report.commit
