"""Errors are ours, the built-in that one expects, and huggingface_hub's."""

from __future__ import annotations

import copy
import errno
import pickle
import subprocess
import sys

import huggingface_hub.errors as theirs
import pytest

import hubdist
from hubdist import _translate, errors

BUILTINS = {
    errors.InvalidArgumentError: ValueError,
    errors.NotFoundError: FileNotFoundError,
    errors.AlreadyExistsError: FileExistsError,
    errors.PermissionDeniedError: PermissionError,
    errors.UnauthenticatedError: PermissionError,
    errors.UnavailableError: ConnectionError,
    errors.DeadlineExceededError: TimeoutError,
    errors.UnimplementedError: NotImplementedError,
    errors.CancelledError: InterruptedError,
    errors.DataLossError: OSError,
    errors.DiskFullError: OSError,
    errors.OutOfRangeError: ValueError,
}
TWINS = {
    errors.RepositoryNotFoundError: theirs.RepositoryNotFoundError,
    errors.RevisionNotFoundError: theirs.RevisionNotFoundError,
    errors.EntryNotFoundError: theirs.RemoteEntryNotFoundError,
    errors.GatedRepoError: theirs.GatedRepoError,
    errors.LocalEntryNotFoundError: theirs.LocalEntryNotFoundError,
    errors.IncompleteSnapshotError: theirs.IncompleteSnapshotError,
    errors.HubUnavailableError: theirs.LocalEntryNotFoundError,
    errors.LocalTokenNotFoundError: theirs.LocalTokenNotFoundError,
    errors.InvalidRepoIdError: theirs.HFValidationError,
    errors.DryRunError: theirs.DryRunError,
}
ALL = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", BUILTINS)
def test_each_is_a_builtin(kind):
    assert issubclass(kind, hubdist.Error)
    assert issubclass(kind, BUILTINS[kind])


@pytest.mark.parametrize("kind", TWINS)
def test_each_hub_error_is_huggingface_hubs(kind):
    error = _translate.make_error(kind, "cannot find it at http://hub/x: say so", http_status=404)
    assert isinstance(error, kind)
    assert isinstance(error, TWINS[kind])
    assert type(error).__name__ == kind.__name__
    if isinstance(error, theirs.HfHubHTTPError):
        assert error.response.status_code == 404
        assert str(error.request.url) == "http://hub/x"
        assert error.response.json()["error"] == str(error)
        error.append_to_message("; more")
        assert str(error).endswith("; more")


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("status", [None, 503])
def test_each_can_be_pickled_and_copied(kind, status):
    error = _translate.make_error(kind, "what, why", http_status=status, retry_after=1.5)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == "what, why"
        assert again.http_status == status
        assert again.retry_after == 1.5
        assert again.code == error.code


@pytest.mark.parametrize("kind", ALL)
def test_each_can_be_raised_by_a_backend(kind):
    with pytest.raises(kind, match="why") as caught:
        raise kind("why", http_status=500)
    code, message, details, _ = _translate.to_status(caught.value, "B.read")
    assert _translate.from_status(code, message, details, None).code == kind.code


def test_the_disk_is_full():
    details = {"errno": str(errno.ENOSPC)}
    error = _translate.from_status(9, "write /x: No space left on device", details, None)
    assert isinstance(error, errors.DiskFullError)
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOSPC
    assert str(error) == "write /x: No space left on device"
    assert pickle.loads(pickle.dumps(error)).errno == errno.ENOSPC


def test_an_answer_of_the_hub_is_an_http_error():
    details = {"http_status": "429", "retry_after": "7"}
    error = _translate.from_status(8, "http://hub/x: too many requests", details, None)
    assert isinstance(error, theirs.HfHubHTTPError)
    assert isinstance(error, errors.ResourceExhaustedError)
    assert error.response.headers["Retry-After"] == "7.0"
    assert error.retry_after == 7


def test_without_huggingface_hub():
    code = """
import sys
sys.modules["huggingface_hub"] = None
import pickle
from hubdist import errors, _translate
for name in errors.__all__:
    error = _translate.make_error(getattr(errors, name), "why", http_status=404)
    assert type(error) is getattr(errors, name)
    assert type(pickle.loads(pickle.dumps(error))) is type(error)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_huggingface_hub_is_imported_by_errors_of_hubs_only():
    code = """
import sys
import hubdist
try:
    hubdist.parse_uri("nonsense")
except ValueError as error:
    assert isinstance(error, hubdist.InvalidArgumentError)
assert "huggingface_hub" not in sys.modules
try:
    hubdist.snapshot_download("a..b")
except hubdist.InvalidRepoIdError:
    pass
assert "huggingface_hub" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
