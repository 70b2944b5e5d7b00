"""The package is typed, and the stub of its compiled part is up to date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

USE = """
from pathlib import Path
import hubdist
import numpy
from numpy.typing import NDArray
from typing_extensions import assert_type

def use(client: hubdist.Client) -> None:
    assert_type(hubdist.snapshot_download("a/b"), str)
    assert_type(hubdist.snapshot_download("a/b", dry_run=True), str | list[hubdist.DryRunFileInfo])
    assert_type(hubdist.hf_hub_download("a/b", "c", cache_dir="x", tracker="auto"), str)
    assert_type(hubdist.download("hf://a/b"), str)
    assert_type(client.download_snapshot("a/b").bytes_from_peers, int)
    assert_type(client.list("hf://a/b").files[0].identity.sha256, str | None)
    with hubdist.Tracker() as tracker, client as same:
        assert_type(tracker, hubdist.Tracker)
        assert_type(same, hubdist.Client)
        assert_type(tracker.address, str)
    assert_type(hubdist.chunk_ends(b"x"), list[int])
    assert_type(hubdist.chunk("path").file_hash, str)
    assert_type(hubdist.chunk(numpy.zeros(3), threads=2).offsets, NDArray[numpy.uint64])
    assert_type(hubdist.chunk(Path("path")).hashes, NDArray[numpy.uint8])
    assert_type(hubdist.hash_files(["a", Path("b")]), list[str])
    assert_type(hubdist.hash_file(Path("a")).xet, str | None)
    assert_type(hubdist.ChunkHasher().update(bytearray(3)), list[hubdist.Chunk])
    report = hubdist.estimate_dedupe(["a", Path("b"), b"c", ("d", memoryview(b"e")), numpy.ones(3)])
    assert_type(report, hubdist.DedupeReport)
    assert_type(report.versions[0].files[0].new_ranges, list[tuple[int, int]])
    assert_type(report.versions[0].numbers.ratio, float)
    assert_type(report.to_json(), str)
    assert_type(hubdist.DedupeEstimator().add_chunks([]), list[hubdist.StoredChunk])
    hubdist.estimate_dedupe([3])  # type: ignore[list-item]
    hubdist.chunk(3)  # type: ignore[call-overload]
    hubdist.snapshot_download("a/b", no_such_argument=1)  # type: ignore[call-overload]
"""


def test_the_stub_is_up_to_date(tmp_path):
    script = REPOSITORY / "script" / "python_stub.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_and_its_use_pass_mypy(tmp_path):
    use = tmp_path / "use.py"
    use.write_text(USE)
    sources = REPOSITORY / "python"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            str(REPOSITORY / "pyproject.toml"),
            "--cache-dir",
            str(tmp_path / "mypy"),
            str(sources / "hubdist"),
            str(use),
        ],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_marker_is_there():
    import hubdist

    assert (Path(hubdist.__file__).parent / "py.typed").exists()
