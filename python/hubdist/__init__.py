"""Brings AI models and datasets to every node, each chunk fetched from the hub once.

    import hubdist

    path = hubdist.snapshot_download("org/model")
    path = hubdist.hf_hub_download("org/model", "config.json")
    path = hubdist.download("https://host/data.bin", local_dir="data")

`snapshot_download` and `hf_hub_download` have the signatures, the cache layout and the exceptions
of huggingface_hub. With `tracker=` (or HUBDIST_TRACKER) the processes of a job share what they
fetch, so that the hub is read once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import (
    MAX_CHUNK_SIZE,
    MIN_CHUNK_SIZE,
    AddFolderResult,
    BackendCapabilities,
    Chunk,
    Chunker,
    Client,
    ClientOptions,
    DownloadReport,
    ExchangeInfo,
    FetchResult,
    FileEntry,
    HubServer,
    Identity,
    ListPage,
    Manifest,
    ManifestBuilder,
    Node,
    NodeStatistics,
    ObjectInfo,
    PathFilter,
    ProgressEvent,
    ProgressKind,
    RetryPolicy,
    Snapshot,
    Source,
    Tracker,
    UnitLayout,
    Uri,
    __version__,
    blake3,
    check_relative_path,
    chunk_ends,
    default_memory_budget,
    format_uri,
    git_sha1,
    glob_match,
    hash_file,
    hubdist_home,
    log_level,
    make_manifest,
    make_units,
    parse_identity,
    parse_uri,
    piece_size_for,
    set_log_level,
    sha256,
)
from .backend import Backend
from .content import Content
from .download import download, hf_hub_download, snapshot_download
from .errors import (
    AbortedError,
    AlreadyExistsError,
    CancelledError,
    DataLossError,
    DeadlineExceededError,
    DiskFullError,
    DryRunError,
    EntryNotFoundError,
    Error,
    FailedPreconditionError,
    GatedRepoError,
    HubUnavailableError,
    IncompleteSnapshotError,
    InternalError,
    InvalidArgumentError,
    InvalidRepoIdError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    NotFoundError,
    OutOfRangeError,
    PermissionDeniedError,
    RepositoryNotFoundError,
    ResourceExhaustedError,
    RevisionNotFoundError,
    SystemCallError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
    UnknownError,
)

if TYPE_CHECKING:
    from ._dry_run import DryRunFileInfo

__all__ = [
    "MAX_CHUNK_SIZE",
    "MIN_CHUNK_SIZE",
    "AbortedError",
    "AddFolderResult",
    "AlreadyExistsError",
    "Backend",
    "BackendCapabilities",
    "CancelledError",
    "Chunk",
    "Chunker",
    "Client",
    "ClientOptions",
    "Content",
    "DataLossError",
    "DeadlineExceededError",
    "DiskFullError",
    "DownloadReport",
    "DryRunError",
    "DryRunFileInfo",
    "EntryNotFoundError",
    "Error",
    "ExchangeInfo",
    "FailedPreconditionError",
    "FetchResult",
    "FileEntry",
    "GatedRepoError",
    "HubServer",
    "HubUnavailableError",
    "Identity",
    "IncompleteSnapshotError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidRepoIdError",
    "ListPage",
    "LocalEntryNotFoundError",
    "LocalTokenNotFoundError",
    "Manifest",
    "ManifestBuilder",
    "Node",
    "NodeStatistics",
    "NotFoundError",
    "ObjectInfo",
    "OutOfRangeError",
    "PathFilter",
    "PermissionDeniedError",
    "ProgressEvent",
    "ProgressKind",
    "RepositoryNotFoundError",
    "ResourceExhaustedError",
    "RetryPolicy",
    "RevisionNotFoundError",
    "Snapshot",
    "Source",
    "SystemCallError",
    "Tracker",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnitLayout",
    "UnknownError",
    "Uri",
    "__version__",
    "blake3",
    "check_relative_path",
    "chunk_ends",
    "default_memory_budget",
    "download",
    "format_uri",
    "git_sha1",
    "glob_match",
    "hash_file",
    "hf_hub_download",
    "hubdist_home",
    "log_level",
    "make_manifest",
    "make_units",
    "parse_identity",
    "parse_uri",
    "piece_size_for",
    "set_log_level",
    "sha256",
    "snapshot_download",
]


def __getattr__(name: str) -> Any:
    # What few programs use is imported when it is used, so that `import hubdist` stays quick.
    if name == "DryRunFileInfo":
        from ._dry_run import DryRunFileInfo

        return DryRunFileInfo
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
