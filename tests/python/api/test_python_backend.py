"""An application's own scheme, written in Python."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable

import pytest

import hubdist
from hubdist import BackendCapabilities, FileEntry, Identity, ListPage, ObjectInfo


class MemoryBackend(hubdist.Backend):
    """Objects in a dictionary, listed two a page."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.reads: list[tuple[str, int, int]] = []
        self.wrong = b""  # what to give instead

    def capabilities(self) -> BackendCapabilities:
        return BackendCapabilities(list=True, ranges=True)

    def _identity(self, content: bytes) -> Identity:
        return Identity(sha256=hashlib.sha256(content).hexdigest())

    def _find(self, uri: hubdist.Uri) -> bytes:
        if uri.path not in self.objects:
            raise FileNotFoundError(f"no object {uri}")
        return self.objects[uri.path]

    def stat(self, uri: hubdist.Uri) -> ObjectInfo:
        content = self._find(uri)
        return ObjectInfo(len(content), identity=self._identity(content))

    def list(self, uri: hubdist.Uri, page: str) -> ListPage:
        prefix = uri.path if not uri.path or uri.path.endswith("/") else uri.path + "/"
        names = sorted(n for n in self.objects if n.startswith(prefix))
        begin = int(page or 0)
        files = [
            FileEntry(n, len(self.objects[n]), identity=self._identity(self.objects[n]))
            for n in names[begin : begin + 2]
        ]
        return ListPage(files, next=str(begin + 2) if begin + 2 < len(names) else "")

    def read(self, uri: hubdist.Uri, begin: int, end: int) -> Iterable[bytes]:
        self.reads.append((uri.path, begin, end))
        content = self.wrong or self._find(uri)
        for at in range(begin, end, 40_000):
            yield content[at : min(end, at + 40_000)]


OBJECTS = {
    "a.bin": random.Random(1).randbytes(300_000),
    "folder/b.txt": b"b",
    "folder/c.txt": b"",
    "folder/deep/d.bin": random.Random(2).randbytes(50_001),
}


@pytest.fixture
def backend():
    return MemoryBackend(dict(OBJECTS))


@pytest.fixture
def client(tmp_path, backend):
    retry = hubdist.RetryPolicy(max_tries=3, base_delay=0.001)
    options = hubdist.ClientOptions(cache_dir=tmp_path / "cache", retry=retry)
    with hubdist.Client(options) as client:
        client.add_backend("memory", backend)
        yield client


def test_stat_list_read_exists(client):
    assert client.stat("memory://bucket/a.bin").size == 300_000
    assert client.exists("memory://bucket/a.bin")
    assert not client.exists("memory://bucket/none")
    assert [f.path for f in client.list("memory://bucket").files] == sorted(OBJECTS)
    assert client.read("memory://bucket/a.bin", 5, 100_005) == OBJECTS["a.bin"][5:100_005]
    assert client.read("memory://bucket/a.bin", 7, 7) == b""


def test_download_a_file_and_a_folder(client, backend, tmp_path):
    report = client.download("memory://bucket/a.bin", local_dir=tmp_path / "one")
    assert report.path.read_bytes() == OBJECTS["a.bin"]
    assert report.verified
    assert report.bytes_from_origin == 300_000
    report = client.download("memory://bucket/", local_dir=tmp_path / "all", include=["*.txt"])
    found = sorted(p.name for p in report.path.rglob("*.txt"))
    assert found == ["b.txt", "c.txt"]
    before = len(backend.reads)
    again = client.download("memory://bucket/a.bin", local_dir=tmp_path / "one")
    assert again.path.read_bytes() == OBJECTS["a.bin"]
    assert len(backend.reads) == before


def test_errors_keep_their_cause(client, backend, tmp_path):
    with pytest.raises(FileNotFoundError, match="none") as caught:
        client.stat("memory://bucket/none")
    assert isinstance(caught.value, hubdist.NotFoundError)
    assert type(caught.value.__cause__) is FileNotFoundError

    def broken(uri, begin, end):
        yield b"x"
        raise ZeroDivisionError("a bug")

    backend.read = broken
    with pytest.raises(hubdist.Error, match="ZeroDivisionError: a bug") as broke:
        client.read("memory://bucket/a.bin", 0, 10)
    assert isinstance(broke.value.__cause__, ZeroDivisionError)


def test_a_failing_connection_is_tried_again(client, backend, tmp_path):
    inner = backend.read
    failures = iter([ConnectionError("reset"), TimeoutError("slow")])

    def flaky(uri, begin, end):
        for failure in failures:
            raise failure
        return inner(uri, begin, end)

    backend.read = flaky
    report = client.download("memory://bucket/a.bin", local_dir=tmp_path / "flaky")
    assert report.path.read_bytes() == OBJECTS["a.bin"]


def test_wrong_bytes_never_appear(client, backend, tmp_path):
    backend.wrong = bytes(300_000)
    with pytest.raises(hubdist.DataLossError):
        client.download("memory://bucket/a.bin", local_dir=tmp_path / "wrong")
    assert not (tmp_path / "wrong" / "a.bin").exists()


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        ([b"x" * 11], hubdist.DataLossError),
        ([], ConnectionError),
        (["text"], hubdist.Error),
        (None, hubdist.Error),
        ([memoryview(b"0123456789")], None),
        ([bytearray(b"01234"), b"", b"56789"], None),
    ],
)
def test_what_read_yields_is_checked(client, backend, chunks, kind):
    backend.read = lambda uri, begin, end: chunks
    if kind is None:
        assert client.read("memory://bucket/a.bin", 0, 10) == b"0123456789"
    else:
        with pytest.raises(kind):
            client.read("memory://bucket/a.bin", 0, 10)


def test_what_a_backend_cannot_do(client):
    class Minimal(hubdist.Backend):
        def capabilities(self):
            return BackendCapabilities()

        def stat(self, uri):
            return ObjectInfo(1)

        def read(self, uri, begin, end):
            return [b"x"]

    client.add_backend("minimal", Minimal())
    with pytest.raises(NotImplementedError, match="Minimal"):
        client.list("minimal://x/y")
    with pytest.raises(hubdist.UnimplementedError, match="unknown"):
        client.stat("unknown://x/y")
    with pytest.raises(ValueError, match="1x"):
        client.add_backend("1x", Minimal())
    with pytest.raises(TypeError):
        hubdist.Backend()
