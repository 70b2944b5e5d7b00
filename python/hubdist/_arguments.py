"""What huggingface_hub's functions take, in the library's terms."""

from __future__ import annotations

import functools
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from . import errors
from ._core import ClientOptions, __version__
from ._translate import make_error

DEFAULT_ETAG_TIMEOUT = 10.0

_REPO_TYPES = ("model", "dataset", "space")
_REPO_NAME = re.compile(r"(\b[\w\-.]{1,96}\b/)?\b[\w\-.]{1,96}\b", re.ASCII)

# Arguments of earlier versions of huggingface_hub, which its later ones take and ignore.
_LEGACY = {
    "proxies": "set the HTTP_PROXY and HTTPS_PROXY environment variables instead",
    "resume_download": "downloads always go on where they stopped",
    "force_filename": "a file is always named as on the hub",
    "local_dir_use_symlinks": "files in a local_dir are never symlinks",
}

_Function = TypeVar("_Function", bound=Callable[..., Any])


def ignores_legacy_arguments(function: _Function) -> _Function:
    """Warn about the arguments that huggingface_hub ignores as well, and leave them out."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for name in _LEGACY.keys() & kwargs.keys():
            if kwargs.pop(name) is not None:
                warnings.warn(
                    f"`{name}` is ignored by {function.__name__}: {_LEGACY[name]}", stacklevel=2
                )
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]


def invalid(message: str) -> errors.Error:
    return make_error(errors.InvalidArgumentError, message)


def check_repo_id(repo_id: object) -> str:
    """Return a repository's name if it is one, by the hub's rules."""
    problem = None
    if not isinstance(repo_id, str):
        problem = f"must be a string, not {type(repo_id).__name__}"
    elif repo_id.count("/") > 1:
        problem = "must be 'name' or 'owner/name'; say `repo_type` for datasets and spaces"
    elif not _REPO_NAME.fullmatch(repo_id):
        problem = (
            "may use letters, digits, '-', '_' and '.', must not begin or end with '-' or '.', "
            "and owner and name have at most 96 characters each"
        )
    elif "--" in repo_id or ".." in repo_id:
        problem = "must not contain '--' or '..'"
    elif repo_id.endswith(".git"):
        problem = "must not end in '.git'"
    if problem:
        raise make_error(errors.InvalidRepoIdError, f"repo_id {repo_id!r} {problem}")
    assert isinstance(repo_id, str)
    return repo_id


def check_repo_type(repo_type: str | None) -> str:
    if repo_type is None:
        return "model"
    if repo_type == "kernel":
        raise invalid(
            "repo_type 'kernel' is not spoken by hubdist: use huggingface_hub for such repositories"
        )
    if repo_type not in _REPO_TYPES:
        raise invalid(f"repo_type {repo_type!r} is none of {', '.join(_REPO_TYPES)}")
    return repo_type


def revision_of(revision: str | None) -> str:
    """Return the revision to ask for: a revision that was resolved already is its commit."""
    if revision is None:
        return ""
    return str(getattr(revision, "resolved", revision))


def patterns(given: Iterable[str] | str | None) -> list[str] | None:
    if given is None:
        return None
    listed = [given] if isinstance(given, str) else list(given)
    return [p.replace("\\", "/") for p in listed]


def folder(given: str | os.PathLike[str] | None) -> Path | None:
    return None if given is None else Path(given).expanduser().resolve()


def user_agent(
    library_name: str | None, library_version: str | None, more: Mapping[str, Any] | str | None
) -> str:
    """Return the User-Agent field: the caller's library first, then hubdist and Python."""
    parts = [f"{library_name}/{library_version}"] if library_name is not None else []
    python = ".".join(map(str, sys.version_info[:3]))
    parts += [f"hubdist/{__version__}", f"python/{python}"]
    if isinstance(more, str):
        parts += more.split(";")
    elif more is not None:
        parts += [f"{name}/{value}" for name, value in more.items()]
    origin = os.environ.get("HF_HUB_USER_AGENT_ORIGIN")
    if origin is not None:
        parts.append(f"origin/{origin}")
    return "; ".join(dict.fromkeys(p.strip() for p in parts if p.strip()))


def client_options(
    *,
    endpoint: str | None,
    token: bool | str | None,
    cache_dir: str | os.PathLike[str] | None,
    tracker: str | None,
    etag_timeout: float = DEFAULT_ETAG_TIMEOUT,
    agent: str | None = None,
    headers: Mapping[str, str] | None = None,
    modelscope: bool = False,
) -> ClientOptions:
    """Return the options of the client to use; `modelscope`: the arguments are about that hub."""
    if modelscope:
        return _modelscope_options(endpoint, token, cache_dir, tracker, headers)
    token, fields = _authorization(token, headers)
    # As in huggingface_hub, the environment's time limit goes before the caller's.
    timeout = None if os.environ.get("HF_HUB_ETAG_TIMEOUT") else float(etag_timeout)
    given: dict[str, Any] = {
        "endpoint": endpoint.rstrip("/") if endpoint else None,
        "token": _token(token),
        "tracker": tracker,
        "metadata_timeout": timeout,
        "user_agent": agent,
        "headers": fields,
    }
    place = folder(cache_dir) or ClientOptions().cache_dir.expanduser().resolve()
    return ClientOptions(**given, cache_dir=place)


def is_modelscope(uri: str) -> bool:
    """Whether a URI is one of ModelScope's."""
    return uri[:13].lower() == "modelscope://"


def _modelscope_options(
    endpoint: str | None,
    token: bool | str | None,
    cache_dir: str | os.PathLike[str] | None,
    tracker: str | None,
    headers: Mapping[str, str] | None,
) -> ClientOptions:
    if headers:
        raise invalid("headers: modelscope:// takes none; pass a token as `token=`")
    if token is True and not os.environ.get("MODELSCOPE_API_TOKEN"):
        raise invalid("token=True asks for this machine's token: set MODELSCOPE_API_TOKEN")
    place = folder(cache_dir) or ClientOptions().modelscope_cache.expanduser().resolve()
    return ClientOptions(
        modelscope_endpoint=endpoint.rstrip("/") if endpoint else None,
        modelscope_token=token if isinstance(token, str) else "" if token is False else None,
        modelscope_cache=place,
        tracker=tracker,
    )


def _authorization(
    token: bool | str | None, headers: Mapping[str, str] | None
) -> tuple[bool | str | None, dict[str, str]]:
    """Take the token out of the headers, where it would miss the care that tokens get."""
    fields = {}
    for name, value in (headers or {}).items():
        if name.lower() != "authorization":
            fields[name] = value
            continue
        scheme, _, credential = value.partition(" ")
        if scheme.lower() != "bearer" or not credential.strip():
            raise invalid(
                "headers: only `Authorization: Bearer ...` can be sent; pass the token as `token=`"
            )
        token = credential.strip()
    return token, fields


def _token(token: bool | str | None) -> str | None:
    """Return the token to send: None leaves it to the environment, "" sends none."""
    if isinstance(token, str):
        return token
    if token is False:
        return ""
    # Tokens that only huggingface_hub knows how to get: exchanged in CI, or kept by Colab.
    if os.environ.get("HF_OIDC_RESOURCE") or "google.colab" in sys.modules:
        found = _token_of_huggingface_hub(implicit=token is None)
        if found:
            return found
    if token is None:
        return None
    found = _token_of_machine()
    if found is None:
        raise make_error(
            errors.LocalTokenNotFoundError,
            "token=True asks for this machine's token, but there is none: set HF_TOKEN, log in "
            "with `hf auth login`, or pass the token itself",
        )
    return found


def _token_of_huggingface_hub(implicit: bool) -> str | None:
    if implicit and os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in _TRUE:
        return None
    try:
        from huggingface_hub import get_token
    except ImportError:
        return None
    return get_token()


_TRUE = {"1", "ON", "YES", "TRUE"}


def _token_of_machine() -> str | None:
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        text = os.environ.get(variable, "").strip()
        if text:
            return text
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface"
    )
    path = os.environ.get("HF_TOKEN_PATH") or os.path.join(home, "token")
    try:
        text = Path(os.path.expandvars(os.path.expanduser(path))).read_text().strip()
    except OSError:
        return None
    return text or None
