"""The engine of comparisons in Python: chunks in, a report out."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hubdist

CONTENT = random.Random(7).randbytes(600_000)


def add_version(estimator: hubdist.DedupeEstimator, name: str, files: dict[str, bytes]) -> None:
    """What estimate_dedupe() does, for files of at most DEDUPE_BLOCK bytes."""
    estimator.begin_version(name)
    scheme = "none"  # chosen anew by chunks that choose, through all files of a version
    for path, content in sorted(files.items()):
        manifest = hubdist.chunk(content)
        file = estimator.begin_file(path)
        for stored in estimator.add_chunks(manifest.chunks):
            begin, end = manifest.offsets[stored.index : stored.index + 2]
            chunk = content[begin:end]
            if stored.chooses:
                scheme = hubdist.choose_compression(chunk)
            estimator.add_compressed(file, len(hubdist.compress_chunk(chunk, scheme)[1]))
        estimator.end_file(hubdist.read_layout(content))
    estimator.end_version()


def told(report: hubdist.DedupeReport) -> dict:
    found = json.loads(report.to_json())
    found.pop("seconds", None)
    return found


pieces = st.lists(st.sampled_from(["a", "b", "text", "zeros"]), max_size=4)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("xyz"), pieces), min_size=1, max_size=3))
def test_by_hand_it_says_what_the_driver_says(tmp_path_factory, versions):
    parts = {
        "a": CONTENT[:250_000],
        "b": CONTENT[250_000:],
        "text": b"the same words again " * 5000,
        "zeros": bytes(300_000),
    }
    estimator, folders = hubdist.DedupeEstimator(), []
    for number, files in enumerate(versions):
        folder = tmp_path_factory.mktemp("version")
        contents = {path: b"".join(parts[p] for p in content) for path, content in files.items()}
        for path, content in contents.items():
            (folder / path).write_bytes(content)
        add_version(estimator, str(number), contents)
        folders.append((str(number), folder))
    assert told(estimator.finish()) == told(hubdist.estimate_dedupe(folders))
    assert estimator.finish().versions == []  # as new


def test_methods_in_another_order_are_refused():
    estimator = hubdist.DedupeEstimator()
    for call in (
        lambda: estimator.begin_file("a"),
        lambda: estimator.add_chunks([]),
        lambda: estimator.add_compressed(0, 1),
        lambda: estimator.end_file(),
        lambda: estimator.end_version(),
    ):
        with pytest.raises(hubdist.FailedPreconditionError, match="inside a"):
            call()
    estimator.begin_version("v")
    with pytest.raises(hubdist.FailedPreconditionError, match=r"begin_version\(\) belongs outside"):
        estimator.begin_version("w")
    with pytest.raises(hubdist.FailedPreconditionError):
        estimator.finish()
    with pytest.raises(ValueError, match="no file number 0"):
        estimator.add_compressed(0, 1)
    assert estimator.begin_file("a") == 0
    with pytest.raises(ValueError, match="allowed are 1 to"):
        estimator.add_chunks([hubdist.Chunk("0" * 64, 0)])
    with pytest.raises(ValueError, match="allowed are 1 to"):
        estimator.add_chunks([hubdist.Chunk("0" * 64, hubdist.MAX_CHUNK_SIZE + 1)])
    estimator.end_file()
    estimator.end_version()
    assert estimator.finish().versions[0].files[0].path == "a"


def test_layouts_may_be_ones_own():
    estimator = hubdist.DedupeEstimator()
    regions = [
        hubdist.Region("header", "head", (0, 100)),
        hubdist.Region("tensor", "weight", (100, len(CONTENT)), "u8"),
    ]
    estimator.begin_version("v")
    estimator.begin_file("a")
    estimator.add_chunks(hubdist.chunk(CONTENT).chunks)
    estimator.end_file(hubdist.ContentLayout("safetensors", regions))
    estimator.end_version()
    file = estimator.finish().versions[0].files[0]
    assert [(r.region.name, r.new_bytes) for r in file.regions] == [
        ("head", 100),
        ("weight", len(CONTENT) - 100),
    ]
    with pytest.raises(ValueError, match="no range: 5 to 3"):
        hubdist.Region("tensor", "x", (5, 3))
    with pytest.raises(ValueError, match="no format is"):
        hubdist.ContentLayout("nonsense")


@pytest.mark.parametrize("scheme", ["none", "lz4", "bg4-lz4"])
@pytest.mark.parametrize("chunk", [b"x", b"words " * 2000, CONTENT[:50_000], bytes(131_072)])
def test_compressed_chunks_come_back(scheme, chunk):
    stored_by, stored = hubdist.compress_chunk(chunk, scheme)
    assert stored_by in (scheme, "none")
    assert len(stored) <= len(chunk)
    assert hubdist.decompress_chunk(stored_by, stored, len(chunk)) == chunk
    with pytest.raises(hubdist.DataLossError):
        hubdist.decompress_chunk(stored_by, stored + b"x", len(chunk))


def test_compression_is_chosen_and_checked():
    assert hubdist.choose_compression(CONTENT[:10_000]) in ("lz4", "bg4-lz4")
    with pytest.raises(ValueError, match=r"\"lz4\""):
        hubdist.compress_chunk(b"x", "zip")
    with pytest.raises(hubdist.InvalidArgumentError):
        hubdist.decompress_chunk("none", b"", 0)
