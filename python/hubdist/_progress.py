"""Progress bars, in the way that huggingface_hub's callers expect them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ._core import DedupeProgress, ProgressEvent, ProgressKind

_TRUE = {"1", "ON", "YES", "TRUE"}


def bars_wanted() -> bool:
    """Say whether the environment and the terminal ask for bars that nobody asked for by hand."""
    if os.environ.get("HF_HUB_DISABLE_PROGRESS_BARS", "").upper() in _TRUE:
        return False
    hub_utils = sys.modules.get("huggingface_hub.utils")
    if hub_utils is not None and hub_utils.are_progress_bars_disabled():
        return False
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


class Bars:
    """One bar of bytes, and for a snapshot one of files. A context manager; call it with events.

    `bar_class` makes the bars (tqdm's interface). Without one it is tqdm where a terminal is
    there, tqdm is installed and progress bars are not disabled; else nothing is shown.
    """

    def __init__(
        self, bar_class: Callable[..., Any] | None, label: str | None, *, count_files: bool
    ) -> None:
        self._class = bar_class if bar_class is not None else _tqdm()
        self._label = label
        self._count_files = count_files
        self._bytes: Any = None
        self._files: Any = None

    @property
    def callback(self) -> Callable[[ProgressEvent], None] | None:
        """What to give to a client: None when nothing is to be shown."""
        return self._take if self._class is not None else None

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for bar in (self._bytes, self._files):
            if bar is not None:
                bar.close()

    def _take(self, event: ProgressEvent) -> None:
        if event.kind == ProgressKind.PLANNED:
            self._plan(event)
        elif event.kind == ProgressKind.BYTES and self._bytes is not None:
            self._bytes.update(event.bytes)
        elif event.kind == ProgressKind.FINISHED and self._files is not None:
            self._files.update(1)

    def _plan(self, event: ProgressEvent) -> None:
        assert self._class is not None
        if self._bytes is not None:  # a later plan of the same call: the totals grew
            self._bytes.total = event.bytes
            if self._files is not None:
                self._files.total = event.files
            return
        if self._count_files:
            self._files = self._class(
                total=event.files, initial=0, desc=f"Fetching {event.files} files"
            )
        self._bytes = self._class(
            total=event.bytes,
            initial=0,
            unit="B",
            unit_scale=True,
            desc=self._label or "Downloading",
        )


class ReadingBar:
    """A bar of bytes that are read, in tqdm's way and under the same conditions. A context manager.

    `wanted`: False shows nothing.
    """

    def __init__(self, *, wanted: bool) -> None:
        self._class = _tqdm() if wanted else None
        self._bar: Any = None

    @property
    def callback(self) -> Callable[[DedupeProgress], None] | None:
        """What to give to a comparison: None when nothing is to be shown."""
        return self._take if self._class is not None else None

    def __enter__(self) -> ReadingBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def _take(self, progress: DedupeProgress) -> None:
        assert self._class is not None
        if self._bar is None:
            self._bar = self._class(
                total=progress.total, unit="B", unit_scale=True, desc="Comparing"
            )
        self._bar.total = progress.total
        self._bar.update(progress.done - self._bar.n)


def _tqdm() -> Callable[..., Any] | None:
    if not bars_wanted():
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    bar: Callable[..., Any] = tqdm
    return bar
