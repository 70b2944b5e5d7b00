"""What core/ offers in Python is what it is in C++."""

from __future__ import annotations

import fnmatch
import hashlib
import random

import hf_xet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hubdist


@pytest.mark.parametrize("size", [0, 1, 8191, 8192, 131_072, 131_073, 3_000_000])
def test_the_xet_hash_is_hf_xets(tmp_path, size):
    file = tmp_path / "content"
    content = random.Random(size).randbytes(size)
    file.write_bytes(content)
    ours = hubdist.hash_file(file)
    assert ours.xet == hf_xet.hash_files([str(file)])[0].hash
    assert ours.sha256 == hashlib.sha256(content).hexdigest()
    header = b"blob %d\0" % size
    assert ours.git_sha1 == hashlib.sha1(header + content).hexdigest()
    assert hubdist.make_manifest(content).file_hash == ours.xet
    assert hubdist.sha256(content) == ours.sha256
    assert hubdist.git_sha1(content) == ours.git_sha1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 150_000), max_size=5))
def test_chunks_do_not_depend_on_the_pieces_that_they_come_in(seed, sizes):
    content = random.Random(seed).randbytes(sum(sizes))
    chunker, builder, ends, at = hubdist.Chunker(), hubdist.ManifestBuilder(), [], 0
    for size in sizes:
        piece = memoryview(content)[at : at + size]
        ends += chunker.update(piece)
        builder.update(piece)
        at += size
    ends += chunker.finish()
    assert ends == hubdist.chunk_ends(content)
    manifest = builder.finish()
    assert manifest.file_hash == hubdist.make_manifest(content).file_hash
    assert [c.size for c in manifest.chunks] == [
        b - a for a, b in zip([0, *ends], ends, strict=False)
    ]
    assert manifest.size == len(content)


def test_uris():
    uri = hubdist.parse_uri("hf://datasets/org/data@refs%2Fpr%2F1/a/b%20c.txt")
    assert (uri.scheme, uri.repo_type, uri.repo) == ("hf", "dataset", "org/data")
    assert (uri.revision, uri.path, uri.is_hub) == ("refs/pr/1", "a/b c.txt", True)
    assert hubdist.parse_uri(str(uri)) == uri
    assert hubdist.format_uri(uri) == str(uri)
    assert hash(hubdist.parse_uri(str(uri))) == hash(uri)
    assert {uri: 1}[hubdist.Uri(str(uri))] == 1
    assert uri != "hf://x/y"
    with pytest.raises(ValueError, match="hf://org") as caught:
        hubdist.parse_uri("hf://org//config.json")
    assert isinstance(caught.value, hubdist.InvalidArgumentError)
    with pytest.raises(ValueError, match="user name or a password") as caught:
        hubdist.parse_uri("https://user:hunter2@host/x")
    assert "hunter2" not in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(st.text("ab*?[]!-/.", max_size=8), st.text("ab-/.]!", max_size=8))
def test_globs_are_fnmatch(pattern, path):
    expected = fnmatch.fnmatchcase(path, pattern)
    assert hubdist.glob_match(pattern, path) == expected


def test_pieces():
    files = [
        hubdist.FileEntry("big", 5 << 20, identity=hubdist.Identity(sha256="ab" * 32)),
        hubdist.FileEntry("small", 10, identity=hubdist.Identity(git_sha1="cd" * 20)),
    ]
    snapshot = hubdist.Snapshot(files, scope="hub/models/org/model", commit="e" * 40)
    assert snapshot.total_size == (5 << 20) + 10
    units = hubdist.make_units(snapshot)
    assert units[0].id == "sha256:" + "ab" * 32
    assert units[0].piece_count == 5
    assert units[0].piece(4) == (4 << 20, 5 << 20)
    with pytest.raises(IndexError):
        units[0].piece(5)
    assert hubdist.piece_size_for(1 << 40) == 4 << 20
    with pytest.raises(ValueError, match="piece"):
        hubdist.UnitLayout("sha256:" + "ab" * 32, 10, piece_size=3)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="hexadecimal"):
        hubdist.Identity(sha256="xyz")
    with pytest.raises(ValueError, match="max_tries"):
        hubdist.RetryPolicy(max_tries=0)
    with pytest.raises(ValueError, match="log level"):
        hubdist.set_log_level("loud")
    with pytest.raises(ValueError, match="contiguous"):
        hubdist.sha256(memoryview(b"abcdef")[::2])
    with pytest.raises(FileNotFoundError):
        hubdist.hash_file("/no/such/file")
    with pytest.raises(ValueError, match="token"):
        hubdist.ClientOptions(headers={"authorization": "Bearer x"})
    with pytest.raises(hubdist.InvalidArgumentError, match=r"\.\."):
        hubdist.check_relative_path("a/../b")


def test_a_token_is_never_shown(monkeypatch):
    options = hubdist.ClientOptions(token="hf_secret", headers={"X-A": "b"})
    assert options.has_token
    shown = repr(options) + repr({n: getattr(options, n) for n in dir(options)})
    assert "hf_secret" not in shown
    assert options.fingerprint != hubdist.ClientOptions(token="hf_other").fingerprint
    assert not hubdist.ClientOptions(token="").has_token
