"""An application's own URL scheme: zip://archive.zip/member.

python examples/own_scheme.py
"""

import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import hubdist
from hubdist import BackendCapabilities, FileEntry, ListPage, ObjectInfo, Uri


class ZipBackend(hubdist.Backend):
    """Reads members of the archives in one folder."""

    def __init__(self, folder: Path) -> None:
        """Serve the archives in `folder`."""
        self.folder = folder

    def capabilities(self) -> BackendCapabilities:
        """Say that members can be listed and read in parts."""
        return BackendCapabilities(list=True, ranges=True)

    def stat(self, uri: Uri) -> ObjectInfo:
        """Tell a member's size."""
        with zipfile.ZipFile(self.folder / uri.authority) as archive:
            try:
                return ObjectInfo(archive.getinfo(uri.path).file_size)
            except KeyError:
                raise FileNotFoundError(f"{uri}: the archive has no such member") from None

    def list(self, uri: Uri, page: str) -> ListPage:
        """Tell all members on one page."""
        with zipfile.ZipFile(self.folder / uri.authority) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
        return ListPage([FileEntry(m.filename, m.file_size) for m in members])

    def read(self, uri: Uri, begin: int, end: int) -> Iterable[bytes]:
        """Give a part of a member."""
        with (
            zipfile.ZipFile(self.folder / uri.authority) as archive,
            archive.open(uri.path) as member,
        ):
            member.seek(begin)
            while begin < end:
                part = member.read(min(1 << 20, end - begin))
                begin += len(part)
                yield part


work = Path(tempfile.mkdtemp(prefix="hubdist-example-"))
with zipfile.ZipFile(work / "data.zip", "w") as archive:
    archive.writestr("train/0.txt", "zero")
    archive.writestr("train/1.txt", "one")

with hubdist.Client() as client:
    client.add_backend("zip", ZipBackend(work))
    report = client.download("zip://data.zip/", local_dir=work / "out", include=["train/*"])
    for file in sorted((work / "out").rglob("*.txt")):
        print(file.relative_to(work), file.read_text())
    print("verified:", report.verified, "(a zip states no digest that hubdist knows)")
