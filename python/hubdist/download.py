"""`snapshot_download`, `hf_hub_download` and `download`.

The first two take, return and raise what huggingface_hub's functions of the same name do, and add
`tracker=`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _arguments as arguments
from ._arguments import DEFAULT_ETAG_TIMEOUT
from ._clients import shared_client
from ._core import ProgressEvent
from ._progress import Bars
from ._translate import make_error
from .errors import DeadlineExceededError, Error, HubUnavailableError, UnavailableError

if TYPE_CHECKING:
    from ._dry_run import DryRunFileInfo

__all__ = ["download", "hf_hub_download", "snapshot_download"]

_Path = str | os.PathLike[str]


@overload
def snapshot_download(
    repo_id: str,
    *,
    repo_type: str | None = None,
    revision: str | None = None,
    cache_dir: _Path | None = None,
    local_dir: _Path | None = None,
    library_name: str | None = None,
    library_version: str | None = None,
    user_agent: dict[str, Any] | str | None = None,
    etag_timeout: float = DEFAULT_ETAG_TIMEOUT,
    force_download: bool = False,
    token: bool | str | None = None,
    local_files_only: bool = False,
    allow_patterns: list[str] | str | None = None,
    ignore_patterns: list[str] | str | None = None,
    max_workers: int = 8,
    tqdm_class: Callable[..., Any] | None = None,
    headers: dict[str, str] | None = None,
    endpoint: str | None = None,
    dry_run: Literal[False] = False,
    tracker: str | None = None,
) -> str: ...


@overload
def snapshot_download(
    repo_id: str,
    *,
    repo_type: str | None = None,
    revision: str | None = None,
    cache_dir: _Path | None = None,
    local_dir: _Path | None = None,
    library_name: str | None = None,
    library_version: str | None = None,
    user_agent: dict[str, Any] | str | None = None,
    etag_timeout: float = DEFAULT_ETAG_TIMEOUT,
    force_download: bool = False,
    token: bool | str | None = None,
    local_files_only: bool = False,
    allow_patterns: list[str] | str | None = None,
    ignore_patterns: list[str] | str | None = None,
    max_workers: int = 8,
    tqdm_class: Callable[..., Any] | None = None,
    headers: dict[str, str] | None = None,
    endpoint: str | None = None,
    dry_run: bool,
    tracker: str | None = None,
) -> str | list[DryRunFileInfo]: ...


@arguments.ignores_legacy_arguments
def snapshot_download(
    repo_id: str,
    *,
    repo_type: str | None = None,
    revision: str | None = None,
    cache_dir: _Path | None = None,
    local_dir: _Path | None = None,
    library_name: str | None = None,
    library_version: str | None = None,
    user_agent: dict[str, Any] | str | None = None,
    etag_timeout: float = DEFAULT_ETAG_TIMEOUT,
    force_download: bool = False,
    token: bool | str | None = None,
    local_files_only: bool = False,
    allow_patterns: list[str] | str | None = None,
    ignore_patterns: list[str] | str | None = None,
    max_workers: int = 8,
    tqdm_class: Callable[..., Any] | None = None,
    headers: dict[str, str] | None = None,
    endpoint: str | None = None,
    dry_run: bool = False,
    tracker: str | None = None,
) -> str | list[DryRunFileInfo]:
    """Bring a repository at one revision to this machine, every file verified; return its folder.

    Args:
        repo_id: "owner/name" or "name".
        repo_type: "model" (the default), "dataset" or "space".
        revision: A branch, a tag or a commit; the hub's default branch when left out.
        cache_dir: The cache to use, instead of HF_HUB_CACHE; the layout is huggingface_hub's.
        local_dir: A folder to put real files into, instead of the cache.
        library_name: The name of the calling library, for the User-Agent field.
        library_version: Its version.
        user_agent: More of that field, as text or as names and values.
        etag_timeout: Seconds that the hub may take to tell facts before the cache is asked in its
            place; HF_HUB_ETAG_TIMEOUT goes before it.
        force_download: Fetch everything again, also what is held.
        token: The hub's token; True: this machine's, required; False: none; None: this machine's,
            if there is one and HF_HUB_DISABLE_IMPLICIT_TOKEN is not set.
        local_files_only: Use no network; raise `LocalEntryNotFoundError` if something is missing.
        allow_patterns: Bring only files that match one of these (fnmatch; "folder/" is all in it).
        ignore_patterns: Leave out files that match one of these.
        max_workers: How many files to fetch at once.
        tqdm_class: What makes the progress bars, instead of tqdm on a terminal.
        headers: More header fields for the hub; `Authorization: Bearer` among them is the token.
        endpoint: The hub, instead of HF_ENDPOINT.
        dry_run: Fetch nothing; return a list of `DryRunFileInfo`.
        tracker: "off", "auto" or "host:port": who shares what is fetched, instead of
            HUBDIST_TRACKER. The process then serves on what it holds while it lives.

    Raises:
        RepositoryNotFoundError, RevisionNotFoundError, GatedRepoError, UnauthenticatedError,
        LocalEntryNotFoundError, HubUnavailableError, DataLossError, DiskFullError, ...: see
        `hubdist.errors`. Where huggingface_hub is installed these are its errors as well.
        KeyboardInterrupt: on Ctrl-C, at once; what was received is kept.
    """
    repo_id = arguments.check_repo_id(repo_id)
    kind = arguments.check_repo_type(repo_type)
    options = arguments.client_options(
        endpoint=endpoint,
        token=token,
        cache_dir=cache_dir,
        tracker=tracker,
        etag_timeout=etag_timeout,
        agent=arguments.user_agent(library_name, library_version, user_agent),
        headers=headers,
    )
    if local_files_only or options.offline:
        force_download = False  # huggingface_hub then returns what is here, unlike for one file
    wishes: dict[str, Any] = {
        "repo_type": kind,
        "revision": arguments.revision_of(revision),
        "include": arguments.patterns(allow_patterns),
        "exclude": arguments.patterns(ignore_patterns),
        "local_dir": arguments.folder(local_dir),
        "force_download": force_download,
    }
    client = shared_client(options)
    with _about(repo_id, kind), Bars(tqdm_class, None, count_files=True) as bars:
        if dry_run:
            from ._dry_run import plan_snapshot

            return plan_snapshot(client, repo_id, local_files_only=local_files_only, **wishes)
        report = client.download_snapshot(
            repo_id,
            **wishes,
            local_files_only=local_files_only,
            max_workers=max_workers,
            progress=bars.callback,
        )
    return os.fspath(report.path)


@overload
def hf_hub_download(
    repo_id: str,
    filename: str,
    *,
    subfolder: str | None = None,
    repo_type: str | None = None,
    revision: str | None = None,
    library_name: str | None = None,
    library_version: str | None = None,
    cache_dir: _Path | None = None,
    local_dir: _Path | None = None,
    user_agent: dict[str, Any] | str | None = None,
    force_download: bool = False,
    etag_timeout: float = DEFAULT_ETAG_TIMEOUT,
    token: bool | str | None = None,
    local_files_only: bool = False,
    headers: dict[str, str] | None = None,
    endpoint: str | None = None,
    tqdm_class: Callable[..., Any] | None = None,
    dry_run: Literal[False] = False,
    tracker: str | None = None,
) -> str: ...


@overload
def hf_hub_download(
    repo_id: str,
    filename: str,
    *,
    subfolder: str | None = None,
    repo_type: str | None = None,
    revision: str | None = None,
    library_name: str | None = None,
    library_version: str | None = None,
    cache_dir: _Path | None = None,
    local_dir: _Path | None = None,
    user_agent: dict[str, Any] | str | None = None,
    force_download: bool = False,
    etag_timeout: float = DEFAULT_ETAG_TIMEOUT,
    token: bool | str | None = None,
    local_files_only: bool = False,
    headers: dict[str, str] | None = None,
    endpoint: str | None = None,
    tqdm_class: Callable[..., Any] | None = None,
    dry_run: bool,
    tracker: str | None = None,
) -> str | DryRunFileInfo: ...


@arguments.ignores_legacy_arguments
def hf_hub_download(
    repo_id: str,
    filename: str,
    *,
    subfolder: str | None = None,
    repo_type: str | None = None,
    revision: str | None = None,
    library_name: str | None = None,
    library_version: str | None = None,
    cache_dir: _Path | None = None,
    local_dir: _Path | None = None,
    user_agent: dict[str, Any] | str | None = None,
    force_download: bool = False,
    etag_timeout: float = DEFAULT_ETAG_TIMEOUT,
    token: bool | str | None = None,
    local_files_only: bool = False,
    headers: dict[str, str] | None = None,
    endpoint: str | None = None,
    tqdm_class: Callable[..., Any] | None = None,
    dry_run: bool = False,
    tracker: str | None = None,
) -> str | DryRunFileInfo:
    """Bring one file of a repository to this machine, verified; return its path.

    Args:
        repo_id: "owner/name" or "name".
        filename: The path of the file inside the repository.
        subfolder: A folder inside the repository, put before `filename`.

    The other arguments, and what is raised, are those of `snapshot_download`, and
    `EntryNotFoundError` when the repository has no such file.
    """
    repo_id = arguments.check_repo_id(repo_id)
    kind = arguments.check_repo_type(repo_type)
    path = f"{subfolder}/{filename}" if subfolder else filename
    options = arguments.client_options(
        endpoint=endpoint,
        token=token,
        cache_dir=cache_dir,
        tracker=tracker,
        etag_timeout=etag_timeout,
        agent=arguments.user_agent(library_name, library_version, user_agent),
        headers=headers,
    )
    if force_download and (local_files_only or options.offline):
        other = "local_files_only=True" if local_files_only else "HF_HUB_OFFLINE=1"
        raise arguments.invalid(f"force_download=True fetches, and {other} forbids it: drop one")
    wishes: dict[str, Any] = {
        "repo_type": kind,
        "revision": arguments.revision_of(revision),
        "local_dir": arguments.folder(local_dir),
        "force_download": force_download,
    }
    client = shared_client(options)
    with _about(repo_id, kind), Bars(tqdm_class, path, count_files=False) as bars:
        if dry_run:
            from ._dry_run import plan_file

            return plan_file(client, repo_id, path, local_files_only=local_files_only, **wishes)
        report = client.download_file(
            repo_id,
            path,
            **wishes,
            local_files_only=local_files_only,
            progress=bars.callback,
        )
    return os.fspath(report.path)


def download(
    uri: str,
    *,
    local_dir: _Path | None = None,
    include: Iterable[str] | str | None = None,
    exclude: Iterable[str] | str | None = None,
    digest: str | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    max_workers: int = 8,
    progress: Callable[[ProgressEvent], None] | bool = True,
    token: bool | str | None = None,
    endpoint: str | None = None,
    cache_dir: _Path | None = None,
    headers: Mapping[str, str] | None = None,
    tracker: str | None = None,
) -> str:
    """Bring what a URI names to this machine; return the path of the file or folder.

    Args:
        uri: "hf://org/model@rev/path", "modelscope://org/model@rev/path", "https://...",
            "file:///...", ...
        local_dir: Where it goes; needed for schemes other than hf:// and modelscope://, which else
            go into the caches of these hubs.
        include: Of a folder or repository only files that match one of these patterns.
        exclude: Leave out files that match one of these.
        digest: "sha256:<hex>", which proves a URI of one file.
        progress: Called with each `ProgressEvent` in this thread; True: a bar on a terminal;
            False: nothing.

    The other arguments are those of `snapshot_download`. With modelscope:// they are about that
    hub; `headers` are not for it.
    """
    options = arguments.client_options(
        endpoint=endpoint,
        token=token,
        cache_dir=cache_dir,
        tracker=tracker,
        headers=headers,
        modelscope=arguments.is_modelscope(uri),
    )
    client = shared_client(options)
    with Bars(None, None, count_files=False) as bars:
        report = client.download(
            uri,
            include=arguments.patterns(include),
            exclude=arguments.patterns(exclude),
            local_dir=arguments.folder(local_dir),
            digest=digest,
            force_download=force_download,
            local_files_only=local_files_only,
            max_workers=max_workers,
            progress=(bars.callback if progress else None)
            if isinstance(progress, bool)
            else progress,
        )
    return os.fspath(report.path)


@contextlib.contextmanager
def _about(repo_id: str, repo_type: str) -> Iterator[None]:
    """Turn errors into those of huggingface_hub's functions, which name the repository.

    A hub that cannot be reached is to them something that is not on this machine.
    """
    try:
        yield
    except (UnavailableError, DeadlineExceededError) as error:
        if isinstance(error, HubUnavailableError):
            raise
        details = {"http_status": error.http_status, "retry_after": error.retry_after}
        raise make_error(HubUnavailableError, str(error), **details) from error
    except Error as error:
        if hasattr(error, "repo_id"):
            vars(error).update(repo_id=repo_id, repo_type=repo_type)
        raise
