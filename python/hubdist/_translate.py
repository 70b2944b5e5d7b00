"""Between the library's statuses, hubdist's errors and huggingface_hub's."""

from __future__ import annotations

import errno as _errno
import itertools
import os
import sys
import threading
from typing import Any

from . import errors
from .errors import Error

_CODES = (
    "Ok",
    "Cancelled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
)

_OF_CODE: dict[str, type[Error]] = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, Error) and "code" in vars(kind)
}

_OF_HUB_ERROR: dict[str, type[Error]] = {
    "RepoNotFound": errors.RepositoryNotFoundError,
    "RevisionNotFound": errors.RevisionNotFoundError,
    "EntryNotFound": errors.EntryNotFoundError,
    "GatedRepo": errors.GatedRepoError,
    "LocalEntryNotFound": errors.LocalEntryNotFoundError,
    "IncompleteSnapshot": errors.IncompleteSnapshotError,
    "HubUnavailable": errors.HubUnavailableError,
}

# The class of huggingface_hub.errors that tools catch for each of ours. A list: the first that the
# installed version has.
_TWINS: dict[type[Error], tuple[str, ...]] = {
    errors.RepositoryNotFoundError: ("RepositoryNotFoundError",),
    errors.RevisionNotFoundError: ("RevisionNotFoundError",),
    errors.EntryNotFoundError: ("RemoteEntryNotFoundError", "EntryNotFoundError"),
    errors.GatedRepoError: ("GatedRepoError",),
    errors.LocalEntryNotFoundError: ("LocalEntryNotFoundError",),
    errors.IncompleteSnapshotError: ("IncompleteSnapshotError", "LocalEntryNotFoundError"),
    errors.HubUnavailableError: ("LocalEntryNotFoundError",),
    errors.DryRunError: ("DryRunError",),
    errors.InvalidRepoIdError: ("HFValidationError",),
    errors.LocalTokenNotFoundError: ("LocalTokenNotFoundError",),
}


def make_error(kind: type[Error], message: str, **details: Any) -> Error:
    """Return an error of `kind` that is also an instance of huggingface_hub's twin, if any."""
    joined = _joined(kind, details.get("http_status") is not None)
    error = joined.__new__(joined, message)
    Error.__init__(error, message, **details)
    if joined is not kind:
        _complete(error)
    return error


def rebuild(kind: str, message: str, details: dict[str, Any], extra: dict[str, Any]) -> Error:
    error = make_error(getattr(errors, kind), message, **details)
    for name, value in extra.items():
        setattr(error, name, value)
    return error


_joined_classes: dict[tuple[type[Error], bool], type[Error]] = {}


def _joined(kind: type[Error], answered: bool) -> type[Error]:
    """Return `kind` joined to huggingface_hub's class, or `kind` itself without one.

    `answered`: a hub's answer caused the error. The same arguments give the same class.
    """
    found = _joined_classes.get((kind, answered))
    if found is None:
        found = _joined_classes.setdefault((kind, answered), _join(kind, answered))
    return found


def _join(kind: type[Error], answered: bool) -> type[Error]:
    names = _TWINS.get(kind, ())
    if not names and answered:
        names = ("HfHubHTTPError",)
    if not names:
        return kind
    try:
        import huggingface_hub.errors as theirs
    except Exception:  # not installed, or broken: never a reason to hide the error itself
        return kind
    twin = next((c for c in (getattr(theirs, n, None) for n in names) if c is not None), None)
    if twin is None:
        return kind
    try:
        joined = type(kind.__name__, (kind, twin), {"_hubdist_class": kind})
    except TypeError:  # a layout of some other version that cannot be joined
        return kind
    joined.__module__ = kind.__module__
    joined.__qualname__ = kind.__qualname__
    joined.__doc__ = kind.__doc__
    return joined


def _complete(error: Error) -> None:
    """Give what huggingface_hub's HfHubHTTPError promises: response, request, request_id."""
    import huggingface_hub.errors as theirs

    if not isinstance(error, theirs.HfHubHTTPError):
        return
    request, response = _answer(error)
    attributes = {
        "request_id": None,
        "server_message": None,
        "response": response,
        "_request": request,
    }
    for name, value in attributes.items():
        object.__setattr__(error, name, value)


def _answer(error: Error) -> tuple[Any, Any]:
    """Return the request and the response, as far as they are known, of huggingface_hub's kind."""
    import json

    import huggingface_hub.errors as theirs

    url = next((w.strip("'\"(),.;:") for w in str(error).split() if "://" in w), "")
    headers = {}
    if error.hub_error:
        headers["X-Error-Code"] = error.hub_error
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    status = error.http_status or _USUAL_STATUS.get(error.code, 500)
    body = json.dumps({"error": str(error)}).encode()
    try:
        base = next(c for c in theirs.HfHubHTTPError.__mro__ if c.__name__ == "HTTPError")
        library: Any = sys.modules[base.__module__.partition(".")[0]]
        request = library.Request("GET", url)
        return request, library.Response(status, headers=headers, content=body, request=request)
    except Exception:  # a version whose HTTP library is another one
        return None, _Answer(status, headers, body)


class _Answer:
    """The few attributes of a response that tools look at."""

    def __init__(self, status_code: int, headers: dict[str, str], content: bytes) -> None:
        self.status_code = status_code
        self.headers = headers
        self.content = content
        self.text = content.decode()
        self.request = None

    def json(self) -> Any:
        import json

        return json.loads(self.content)


_USUAL_STATUS = {"NotFound": 404, "PermissionDenied": 403, "Unauthenticated": 401}

_NO_ROOM = (_errno.ENOSPC, _errno.EDQUOT, _errno.EFBIG)


def _kind_of(code: str, hub_error: str | None, errno: int | None) -> type[Error]:
    if hub_error in _OF_HUB_ERROR:
        return _OF_HUB_ERROR[hub_error]
    if errno in _NO_ROOM:
        return errors.DiskFullError
    if errno == _errno.EISDIR and code == "InvalidArgument":
        return errors.FolderError
    if errno is not None and code == "Unknown":
        return errors.SystemCallError
    return _OF_CODE.get(code, errors.UnknownError)


# Exceptions that callbacks raised, until the failure that they became is raised in turn.
_kept: dict[str, BaseException] = {}
_kept_lock = threading.Lock()
_kept_names = itertools.count()
_KEPT_LIMIT = 64


def _keep(exception: BaseException) -> str:
    with _kept_lock:
        while len(_kept) >= _KEPT_LIMIT:
            del _kept[next(iter(_kept))]
        name = str(next(_kept_names))
        _kept[name] = exception
        return name


def from_status(code: int, message: str, details: dict[str, str], cause: str | None) -> Error:
    hub_error = details.get("hub_error")
    errno = int(details["errno"]) if "errno" in details else None
    error = make_error(
        _kind_of(_CODES[code], hub_error, errno),
        message,
        http_status=int(details["http_status"]) if "http_status" in details else None,
        hub_error=hub_error,
        retry_after=float(details["retry_after"]) if "retry_after" in details else None,
        errno=errno,
    )
    if cause is not None:
        with _kept_lock:
            error.__cause__ = _kept.pop(cause, None)
    return error


def _code_of(exception: BaseException) -> str:
    if isinstance(exception, Error):
        return exception.code
    for builtin, code in (
        (FileNotFoundError, "NotFound"),
        (FileExistsError, "AlreadyExists"),
        (PermissionError, "PermissionDenied"),
        (TimeoutError, "Unavailable"),
        (ConnectionError, "Unavailable"),
        (NotImplementedError, "Unimplemented"),
        (ValueError, "InvalidArgument"),
        (KeyboardInterrupt, "Cancelled"),
    ):
        if isinstance(exception, builtin):
            return code
    if isinstance(exception, OSError) and exception.errno in _NO_ROOM:
        return "FailedPrecondition"
    return "Unknown"


def to_status(exception: BaseException, what: str) -> tuple[int, str, dict[str, str], str]:
    """Return code, message, details and the name under which the exception is kept."""
    details: dict[str, str] = {}
    if isinstance(exception, Error):
        message = str(exception)
        for name in ("hub_error", "http_status", "retry_after"):
            if getattr(exception, name) is not None:
                details[name] = str(getattr(exception, name))
    else:
        message = f"{what} raised {type(exception).__name__}: {exception}"
    if isinstance(exception, OSError) and exception.errno is not None:
        details["errno"] = str(exception.errno)
        if not isinstance(exception, Error):
            message = f"{what}: {os.strerror(exception.errno)}: {exception}"
    message = message.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _CODES.index(_code_of(exception)), message, details, _keep(exception)
