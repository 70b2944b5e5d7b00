"""Contents of any kind are cut and hashed in place; the result is the one of hf_xet."""

from __future__ import annotations

import array
import ctypes
import gc
import mmap
import multiprocessing
import os
import pickle
import random
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import hf_xet
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hubdist

CONTENT = random.Random(4).randbytes(1_500_000)
LENGTHS = [0, 1, 8191, 8192, 8193, 131_071, 131_072, 131_073, 3_000_000]


def expected_chunks(content: bytes) -> list[hubdist.Chunk]:
    """The chunks by the smallest parts of the interface."""
    hasher = hubdist.ChunkHasher()
    return hasher.update(content) + hasher.finish()


def check(manifest: hubdist.Manifest, content: bytes) -> None:
    """Assert that a manifest is that of a content, in all its forms."""
    chunks = expected_chunks(content)
    assert manifest.chunks == chunks
    assert manifest.size == len(content)
    assert manifest.offsets.tolist() == [0, *hubdist.chunk_ends(content)]
    assert [hubdist.xet_hex(h) for h in manifest.hashes] == [c.hash for c in chunks]
    assert [b - a for a, b in pairwise(manifest.offsets.tolist())] == [c.size for c in chunks]
    assert manifest == hubdist.make_manifest(content)


@pytest.mark.parametrize("length", LENGTHS)
def test_files_and_buffers_give_what_hf_xet_gives(tmp_path, length):
    content = random.Random(length).randbytes(length)
    file = tmp_path / "content"
    file.write_bytes(content)
    manifest = hubdist.chunk(file)
    check(manifest, content)
    assert manifest.file_hash == hf_xet.hash_files([str(file)])[0].hash
    assert hubdist.chunk(str(file)) == hubdist.chunk(content) == manifest
    assert hubdist.chunk(file, threads=1) == manifest


def test_hashes_of_many_files_come_in_order(tmp_path):
    files = []
    for i, length in enumerate([*LENGTHS, 20_000_000]):
        file = tmp_path / f"{i}"
        # Zeros and random bytes in turns: chunks of the largest size beside others.
        file.write_bytes(bytes(length) if i % 3 == 0 else random.Random(i).randbytes(length))
        files.append(file)
    found = hubdist.hash_files(files)
    assert found == [f.hash for f in hf_xet.hash_files([str(f) for f in files])]
    assert found == [hubdist.hash_file(f).xet for f in files]
    assert hubdist.hash_files(tuple(map(str, reversed(files))), threads=1) == found[::-1]
    assert hubdist.hash_files([]) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 150_000), max_size=5), st.booleans())
def test_pieces_give_what_the_whole_gives(seed, sizes, zeros):
    content = bytes(sum(sizes)) if zeros else random.Random(seed).randbytes(sum(sizes))
    hasher, builder, chunks, at = hubdist.ChunkHasher(), hubdist.ManifestBuilder(), [], 0
    for size in sizes:
        piece = memoryview(content)[at : at + size]
        chunks += hasher.update(piece)
        builder.update(piece)
        at += size
    chunks += hasher.finish()
    whole = hubdist.chunk(content)
    assert chunks == whole.chunks
    assert builder.finish() == whole
    assert builder.finish() == hubdist.chunk(b"")  # as new
    assert hasher.update(content) + hasher.finish() == chunks


def of_mmap(content: bytes) -> mmap.mmap:
    memory = mmap.mmap(-1, len(content))
    memory.write(content)
    return memory


def read_only(content: bytes) -> np.ndarray:
    values = np.frombuffer(content, np.uint8).copy()
    values.setflags(write=False)
    return values


BUFFERS = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "a slice": lambda c: memoryview(b"x" + c + b"y")[1:-1],
    "items of 4 bytes": lambda c: memoryview(c).cast("I"),
    "a read-only view": lambda c: memoryview(bytearray(c)).toreadonly(),
    "mmap": of_mmap,
    "array": lambda c: array.array("B", c),
    "ctypes": lambda c: (ctypes.c_char * len(c)).from_buffer_copy(c),
    "uint8": lambda c: np.frombuffer(c, np.uint8),
    "a read-only array": read_only,
    "float32": lambda c: np.frombuffer(c, np.float32),
    "float16 in 2 dimensions": lambda c: np.frombuffer(c, np.float16).reshape(-1, 10),
    "big-endian": lambda c: np.frombuffer(c, ">i8"),
    "times, which have no format": lambda c: np.frombuffer(c, "datetime64[ns]"),
    "records": lambda c: np.frombuffer(c, [("a", "<i4"), ("b", "<f4")]),
    "void": lambda c: np.frombuffer(c, "V10"),
    "columns of one": lambda c: np.frombuffer(c, np.uint8).reshape(1, -1).T,
}


@pytest.mark.parametrize("kind", BUFFERS)
def test_buffers_of_every_kind(kind):
    buffer = BUFFERS[kind](CONTENT[:1_400_000])
    check(hubdist.chunk(buffer), CONTENT[:1_400_000])
    assert hubdist.chunk_ends(buffer) == hubdist.chunk_ends(CONTENT[:1_400_000])
    assert hubdist.sha256(buffer) == hubdist.sha256(CONTENT[:1_400_000])


GAPS = {
    "every second byte": lambda: memoryview(CONTENT)[::2],
    "reversed": lambda: np.frombuffer(CONTENT, np.uint8)[::-1],
    "a column": lambda: np.frombuffer(CONTENT, np.uint8).reshape(-1, 10)[:, 0],
    "Fortran's order": lambda: np.frombuffer(CONTENT, np.uint8).reshape(-1, 10).T,
    "broadcast": lambda: np.broadcast_to(np.uint8(0), 100_000),
}


@pytest.mark.parametrize("kind", GAPS)
@pytest.mark.parametrize("name", ["chunk", "chunk_ends", "make_manifest", "sha256"])
def test_buffers_with_gaps_are_refused_with_the_remedy(kind, name):
    buffer = GAPS[kind]()
    with pytest.raises(hubdist.InvalidArgumentError, match=r"numpy\.ascontiguousarray") as caught:
        getattr(hubdist, name)(buffer)
    assert isinstance(caught.value, ValueError)
    copy = np.ascontiguousarray(buffer)
    assert hubdist.chunk(copy).size == copy.nbytes


def test_what_holds_no_bytes_is_refused():
    for wrong in (None, 4, [1, 2], object()):
        with pytest.raises(TypeError, match="chunk"):
            hubdist.chunk(wrong)
    view = memoryview(b"x")
    view.release()
    with pytest.raises(ValueError, match="released"):
        hubdist.chunk(view)
    with pytest.raises(ValueError, match="32 bytes"):
        hubdist.xet_hex(b"x")
    with pytest.raises(ValueError, match="hexadecimal"):
        hubdist.parse_xet_hex("x" * 64)


def test_arrays_show_the_manifests_own_memory():
    manifest = hubdist.chunk(CONTENT)
    for name in ("offsets", "hashes"):
        one, two = getattr(manifest, name), getattr(manifest, name)
        assert one.ctypes.data == two.ctypes.data
        assert not one.flags.owndata
        assert one.flags.c_contiguous
        assert one.base is manifest
        with pytest.raises(ValueError, match="read-only"):
            one[0] = 0
        with pytest.raises(ValueError, match="WRITEABLE"):
            one.setflags(write=True)
    assert manifest.offsets.dtype == np.uint64
    assert manifest.hashes.dtype == np.uint8
    offsets, hashes, expected = manifest.offsets, manifest.hashes, expected_chunks(CONTENT)
    del manifest, one, two
    gc.collect()
    assert offsets[-1] == len(CONTENT)
    assert hubdist.xet_hex(hashes[-1]) == expected[-1].hash
    empty = hubdist.chunk(b"")
    assert empty.offsets.tolist() == [0]
    assert empty.hashes.shape == (0, 32)


def test_values_compare_hash_print_and_travel():
    manifest = hubdist.chunk(CONTENT)
    first = manifest.chunks[0]
    assert pickle.loads(pickle.dumps(manifest)) == manifest
    assert pickle.loads(pickle.dumps(first)) == first
    assert {manifest: 1, first: 2}[hubdist.Manifest(manifest.chunks)] == 1
    assert hubdist.Chunk(first.hash, first.size) in set(manifest.chunks)
    assert manifest != hubdist.chunk(CONTENT[1:])
    assert manifest.file_hash in repr(manifest)
    assert hubdist.xet_hex(hubdist.parse_xet_hex(first.hash)) == first.hash
    assert hubdist.parse_xet_hex(first.hash) == manifest.hashes[0].tobytes()


def test_without_numpy_only_the_arrays_are_missing():
    code = """
import sys
sys.modules["numpy"] = None
import hubdist
manifest = hubdist.chunk(bytes(300_000))
assert [c.size for c in manifest.chunks] == [131072, 131072, 37856], manifest.chunks
for name in ("offsets", "hashes"):
    try:
        getattr(manifest, name)
    except ImportError as error:
        assert "pip install numpy" in str(error) and "chunks" in str(error), error
    else:
        raise AssertionError(name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_buffer_cannot_be_resized_while_it_is_read():
    data = bytearray(random.Random(0).randbytes(20_000_000))
    length, expected = len(data), hubdist.chunk(data)
    refused, done = threading.Event(), threading.Event()

    def resize():
        while not done.is_set():
            try:
                data.append(0)
                del data[-1]
            except BufferError:
                refused.set()

    thread = threading.Thread(target=resize)
    thread.start()
    while not refused.is_set():
        assert hubdist.chunk(data).size in (length, length + 1)
    done.set()
    thread.join()
    assert hubdist.chunk(data[:length]) == expected


def test_threads_chunk_at_once(tmp_path):
    contents = [random.Random(i).randbytes(9_000_000 + i) for i in range(6)]
    files = []
    for i, content in enumerate(contents):
        files.append(tmp_path / str(i))
        files[-1].write_bytes(content)
    expected = [hubdist.make_manifest(c) for c in contents]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(hubdist.chunk, contents)) == expected
        assert list(pool.map(hubdist.chunk, files)) == expected


def test_threads_that_share_a_builder_do_no_harm():
    builder, hasher = hubdist.ManifestBuilder(), hubdist.ChunkHasher()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(builder.update, [CONTENT] * 8))
        list(pool.map(hasher.update, [CONTENT] * 8))
    assert builder.finish() == hubdist.chunk(CONTENT * 8)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_chunk_by_themselves(tmp_path, method):
    file = tmp_path / "content"
    file.write_bytes(CONTENT * 4)
    expected = hubdist.chunk(file)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(hubdist.chunk, [file] * 3) == [expected] * 3
        assert pool.map(hubdist.hash_file, [file] * 2) == [hubdist.hash_file(file)] * 2
    assert hubdist.chunk(file) == expected


FUNCTIONS = {
    "chunk": hubdist.chunk,
    "hash_file": hubdist.hash_file,
    "hash_files": lambda path: hubdist.hash_files([path]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bad_paths_have_errors_of_their_own(tmp_path, name):
    function = FUNCTIONS[name]
    with pytest.raises(FileNotFoundError, match="missing"):
        function(tmp_path / "missing")
    with pytest.raises(IsADirectoryError, match="folder") as caught:
        function(tmp_path)
    assert isinstance(caught.value, hubdist.FolderError)
    with pytest.raises(hubdist.InvalidArgumentError, match="/dev/null"):
        function("/dev/null")
    address = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        with pytest.raises(hubdist.Error, match="socket"):
            function(address)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path, name):
    file = tmp_path / "secret"
    file.write_bytes(b"x")
    file.chmod(0)
    with pytest.raises(PermissionError, match="secret"):
        FUNCTIONS[name](file)


def test_a_path_that_is_not_utf_8(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\xfe"
    with open(path, "wb") as file:
        file.write(CONTENT)
    name = os.fsdecode(path)
    assert hubdist.chunk(name) == hubdist.chunk(CONTENT)
    assert hubdist.hash_files([name]) == [hubdist.hash_file(name).xet]
    with pytest.raises(FileNotFoundError) as caught:
        hubdist.chunk(name + "x")
    assert name in str(caught.value)


def test_pipes_and_sparse_files(tmp_path):
    sparse = tmp_path / "sparse"
    with open(sparse, "wb") as file:
        file.truncate(10_000_000)
    assert hubdist.chunk(sparse) == hubdist.chunk(bytes(10_000_000))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[CONTENT])
    writer.start()
    assert hubdist.chunk(pipe) == hubdist.chunk(CONTENT)
    writer.join()
    writer = threading.Thread(target=pipe.write_bytes, args=[CONTENT])
    writer.start()
    found = hubdist.hash_file(pipe)
    writer.join()
    assert (found.sha256, found.git_sha1) == (hubdist.sha256(CONTENT), None)


def test_ctrl_c_stops_a_pipe_that_stays_silent(tmp_path):
    code = """
import os, signal, threading, time
import hubdist
signal.signal(signal.SIGINT, signal.default_int_handler)
reader, writer = os.pipe()
os.write(writer, b"x")
threading.Timer(0.2, lambda: (os.kill(os.getpid(), signal.SIGINT), time.sleep(0.3),
                              os.close(writer))).start()
try:
    hubdist.chunk(f"/proc/self/fd/{reader}")
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout == "interrupted\n", done.stderr


@pytest.mark.parametrize("call", ["chunk(pipe)", "hash_file(pipe)", "estimate_dedupe([pipe])"])
def test_ctrl_c_stops_the_wait_for_a_pipe_that_nobody_writes(tmp_path, call):
    os.mkfifo(tmp_path / "pipe")
    code = f"""
import os, signal, sys, threading
import hubdist
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
pipe = sys.argv[1]
try:
    hubdist.{call}
except KeyboardInterrupt:
    print("interrupted")
"""
    command = [sys.executable, "-c", code, str(tmp_path / "pipe")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.stdout == "interrupted\n", done.stderr
