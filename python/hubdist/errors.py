"""What hubdist raises.

Every error is a `hubdist.Error` and also the built-in that a person expects (`FileNotFoundError`,
`PermissionError`, ...). Where huggingface_hub is installed, an error that a hub caused is also an
instance of the class of huggingface_hub that tools catch: `RepositoryNotFoundError`,
`RevisionNotFoundError`, `RemoteEntryNotFoundError`, `GatedRepoError`, `LocalEntryNotFoundError`,
`HfHubHTTPError`. huggingface_hub is imported when such an error is made, never before.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "AbortedError",
    "AlreadyExistsError",
    "CancelledError",
    "DataLossError",
    "DeadlineExceededError",
    "DiskFullError",
    "DryRunError",
    "EntryNotFoundError",
    "Error",
    "FailedPreconditionError",
    "FolderError",
    "GatedRepoError",
    "HubUnavailableError",
    "IncompleteSnapshotError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidRepoIdError",
    "LocalEntryNotFoundError",
    "LocalTokenNotFoundError",
    "NotFoundError",
    "OutOfRangeError",
    "PermissionDeniedError",
    "RepositoryNotFoundError",
    "ResourceExhaustedError",
    "RevisionNotFoundError",
    "SystemCallError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
]


def _set_errno(error: OSError, errno: int | None) -> None:
    error.errno = errno


class Error(Exception):
    """The base of everything that hubdist raises by itself.

    The text names the thing, the cause and, where there is one, the remedy; it never holds a
    secret.
    """

    code: ClassVar[str] = "Unknown"
    """The canonical code, as in C++: "NotFound", "Unavailable", ..."""

    message: str
    http_status: int | None
    """The status code of the hub's answer, where there was one."""
    hub_error: str | None
    """The hub's own word: "RepoNotFound", "GatedRepo", ... (X-Error-Code)."""
    retry_after: float | None
    """Seconds that the hub asks to wait."""

    def __new__(cls, message: str = "", **details: Any) -> Error:
        """Let the built-in whose memory layout is the largest make the object."""
        maker = OSError if issubclass(cls, OSError) else Exception
        return maker.__new__(cls, message)

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        hub_error: str | None = None,
        retry_after: float | None = None,
        errno: int | None = None,
    ) -> None:
        self.args = (message,)
        self.message = message
        self.http_status = http_status
        self.hub_error = hub_error
        self.retry_after = retry_after
        if isinstance(self, OSError):
            _set_errno(self, errno)

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        state = {
            "http_status": self.http_status,
            "hub_error": self.hub_error,
            "retry_after": self.retry_after,
        }
        if isinstance(self, OSError):
            state["errno"] = self.errno
        # An instance of a class that was joined to huggingface_hub's is pickled by its own kind, so
        # that it can be read where huggingface_hub is of another version, or missing.
        kind = type(self).__dict__.get("_hubdist_class", type(self))
        names = ("snapshot_path", "repo_id", "repo_type")
        extra = {n: getattr(self, n) for n in names if getattr(self, n, None) is not None}
        from ._translate import rebuild

        return rebuild, (kind.__name__, str(self), state, extra)


class InvalidArgumentError(Error, ValueError):
    """An argument has no meaning; the text says which and why."""

    code = "InvalidArgument"


class InvalidRepoIdError(InvalidArgumentError):
    """A repository's name is not of the form "name" or "owner/name"."""


class FolderError(InvalidArgumentError, IsADirectoryError):
    """A folder is where a file belongs (errno EISDIR)."""


class NotFoundError(Error, FileNotFoundError):
    """A repository, revision, file or object is not there."""

    code = "NotFound"


class RepositoryNotFoundError(NotFoundError):
    """The hub has no such repository, or does not show it to this token."""


class RevisionNotFoundError(NotFoundError):
    """The repository has no such branch, tag or commit."""


class EntryNotFoundError(NotFoundError):
    """The repository has no such file at that revision."""


class LocalEntryNotFoundError(NotFoundError):
    """What was asked is not on this machine, and the network was not to be used."""


class IncompleteSnapshotError(LocalEntryNotFoundError):
    """A snapshot on this machine lacks some of its files, and the network was not to be used."""

    snapshot_path: str | None = None


class AlreadyExistsError(Error, FileExistsError):
    """What was to be made is there already."""

    code = "AlreadyExists"


class PermissionDeniedError(Error, PermissionError):
    """The credential, or the user on this machine, does not suffice."""

    code = "PermissionDenied"


class GatedRepoError(PermissionDeniedError):
    """The repository is gated, and this token's user is not on its list."""


class UnauthenticatedError(Error, PermissionError):
    """A credential is missing or wrong."""

    code = "Unauthenticated"


class LocalTokenNotFoundError(UnauthenticatedError):
    """`token=True` was asked, and this machine has no token."""


class ResourceExhaustedError(Error, OSError):
    """The server asks to slow down, or a limit of this machine is reached."""

    code = "ResourceExhausted"


class FailedPreconditionError(Error, RuntimeError):
    """The state of things does not allow the call; trying again does not help."""

    code = "FailedPrecondition"


class DiskFullError(FailedPreconditionError, OSError):
    """No room is left where the bytes were to go (errno ENOSPC, EDQUOT or EFBIG)."""


class DryRunError(FailedPreconditionError, OSError):
    """A dry run was asked for, and the hub could not be asked."""


class OutOfRangeError(Error, ValueError):
    """A range begins behind the end."""

    code = "OutOfRange"


class UnimplementedError(Error, NotImplementedError):
    """A scheme or an operation that is not built, or not offered by that backend."""

    code = "Unimplemented"


class UnavailableError(Error, ConnectionError):
    """A server, or the way to it, failed; the same call may succeed later."""

    code = "Unavailable"


class HubUnavailableError(UnavailableError):
    """The hub could not be asked, and this machine does not have what was asked."""


class DeadlineExceededError(Error, TimeoutError):
    """The time that was allowed ran out."""

    code = "DeadlineExceeded"


class DataLossError(Error, OSError):
    """Bytes came that are not the ones that were announced: a hash or a size did not match."""

    code = "DataLoss"


class AbortedError(Error, RuntimeError):
    """The thing changed while it was being read; begin anew."""

    code = "Aborted"


class CancelledError(Error, InterruptedError):
    """The call was stopped by `close()` or by the end of the interpreter."""

    code = "Cancelled"


class InternalError(Error, RuntimeError):
    """A fault of hubdist itself."""

    code = "Internal"


class UnknownError(Error, RuntimeError):
    """A failure that fits no other code."""

    code = "Unknown"


class SystemCallError(UnknownError, OSError):
    """A system call failed in a way that fits no other code; see `errno`."""
