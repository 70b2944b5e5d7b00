"""What a download would fetch, without fetching it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from . import errors
from ._core import Client, FileEntry, PathFilter
from ._translate import make_error

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass
class DryRunFileInfo:
    """What `snapshot_download` or `hf_hub_download` would do for one file.

    Has the fields of huggingface_hub's class of that name.
    """

    commit_hash: str
    file_size: int | None
    """Bytes."""
    filename: str
    local_path: str
    is_cached: bool
    will_download: bool
    """True when the file is not held, or `force_download=True`."""


def plan_snapshot(
    client: Client,
    repo_id: str,
    *,
    repo_type: str,
    revision: str,
    include: list[str] | None,
    exclude: list[str] | None,
    local_dir: Path | None,
    force_download: bool,
    local_files_only: bool,
) -> list[DryRunFileInfo]:
    try:
        _refuse_without_network(client, local_files_only)
        snapshot = client.list(_uri(repo_id, repo_type, revision))
    except (errors.DryRunError, errors.RevisionNotFoundError):
        raise
    except errors.Error as error:
        raise make_error(errors.DryRunError, f"dry_run=True asks the hub: {error}") from error
    wanted = PathFilter(include, exclude)
    return [
        _plan(client, repo_id, repo_type, snapshot.commit, file, local_dir, force_download)
        for file in snapshot.files
        if wanted.matches(file.path)
    ]


def plan_file(
    client: Client,
    repo_id: str,
    path: str,
    *,
    repo_type: str,
    revision: str,
    local_dir: Path | None,
    force_download: bool,
    local_files_only: bool,
) -> DryRunFileInfo:
    if _COMMIT.fullmatch(revision):  # a commit never changes: what is held needs no question
        file = FileEntry(path, 0)
        held = _plan(client, repo_id, repo_type, revision, file, local_dir, force_download)
        if held.is_cached:
            held.file_size = os.path.getsize(held.local_path)
            return held
    try:
        _refuse_without_network(client, local_files_only)
        info = client.stat(_uri(repo_id, repo_type, revision, path))
    except errors.Error as error:
        if not _may_fall_back(error):
            raise
        held = _plan_held(client, repo_id, path, repo_type, revision, local_dir, error)
        held.will_download = force_download
        return held
    file = FileEntry(path, info.size, identity=info.identity, etag=info.etag)
    return _plan(client, repo_id, repo_type, info.commit, file, local_dir, force_download)


def _plan_held(
    client: Client,
    repo_id: str,
    path: str,
    repo_type: str,
    revision: str,
    local_dir: Path | None,
    error: errors.Error,
) -> DryRunFileInfo:
    """Tell of a file that is on this machine, where the hub cannot be asked."""
    try:
        report = client.download_file(
            repo_id,
            path,
            repo_type=repo_type,
            revision=revision,
            local_dir=local_dir,
            local_files_only=True,
        )
    except errors.LocalEntryNotFoundError as missing:
        # What keeps the hub from being asked, unless that is the caller's own wish.
        raise missing if isinstance(error, errors.DryRunError) else _refusal(error) from None
    return DryRunFileInfo(
        commit_hash=report.commit,
        file_size=os.path.getsize(report.path),
        filename=path,
        local_path=str(report.path),
        is_cached=True,
        will_download=False,
    )


def _may_fall_back(error: errors.Error) -> bool:
    if isinstance(error, (errors.RevisionNotFoundError, errors.EntryNotFoundError)):
        return False
    away = (errors.DryRunError, errors.UnavailableError, errors.DeadlineExceededError)
    return isinstance(error, away) or error.http_status is not None


def _refusal(error: errors.Error) -> errors.Error:
    """Return what to raise for a hub's failure when nothing is held either."""
    verdicts = (errors.RepositoryNotFoundError, errors.GatedRepoError, errors.UnauthenticatedError)
    if isinstance(error, verdicts):
        return error
    details = {"http_status": error.http_status, "retry_after": error.retry_after}
    return make_error(errors.HubUnavailableError, str(error), **details)


def _refuse_without_network(client: Client, local_files_only: bool) -> None:
    if local_files_only or client.options.offline:
        raise make_error(
            errors.DryRunError,
            "dry_run=True asks the hub, and local_files_only=True or HF_HUB_OFFLINE=1 forbids it",
        )


def _uri(repo_id: str, repo_type: str, revision: str, path: str = "") -> str:
    at = quote(revision or "main", safe="")
    tail = "/" + quote(path, safe="/") if path else ""
    return f"hf://{repo_type}s/{repo_id}@{at}{tail}"


def _plan(
    client: Client,
    repo_id: str,
    repo_type: str,
    commit: str,
    file: FileEntry,
    local_dir: Path | None,
    force_download: bool,
) -> DryRunFileInfo:
    if local_dir is not None:
        place = local_dir / file.path
        held = place.is_file() and _metadata_says(local_dir, commit, file)
    else:
        repo = client.options.cache_dir / "--".join([f"{repo_type}s", *repo_id.split("/")])
        place = repo / "snapshots" / commit / file.path
        held = place.exists() or bool(file.etag and (repo / "blobs" / file.etag).exists())
    return DryRunFileInfo(
        commit_hash=commit,
        file_size=file.size,
        filename=file.path,
        local_path=str(place),
        is_cached=held,
        will_download=force_download or not held,
    )


def _metadata_says(local_dir: Path, commit: str, file: FileEntry) -> bool:
    """Say whether a local_dir's metadata names this commit or this content."""
    notes = local_dir / ".cache" / "huggingface" / "download" / f"{file.path}.metadata"
    try:
        lines = notes.read_text().splitlines()
    except OSError:
        return False
    return lines[:1] == [commit] or (bool(file.etag) and lines[1:2] == [file.etag])
