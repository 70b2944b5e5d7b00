"""Forked and spawned processes, as data loaders make them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys

import pytest

import hubdist
from hubs import Served


def read(index: int, cache: str, endpoint: str) -> bytes:
    path = hubdist.hf_hub_download(
        "org/model",
        "config.json",
        cache_dir=cache,
        endpoint=endpoint,
        force_download=index % 2 == 0,
    )
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_download_by_themselves(served: Served, tmp_path, method):
    cache = str(tmp_path / "cache")
    assert read(0, cache, served.endpoint) == served.files["config.json"]
    context = multiprocessing.get_context(method)
    with context.Pool(3) as pool:
        jobs = [(i, cache, served.endpoint) for i in range(9)]
        assert set(pool.starmap(read, jobs)) == {served.files["config.json"]}
    assert read(1, cache, served.endpoint) == served.files["config.json"]


def in_child(function) -> str:
    """Run a function in a forked child; return what it returns, or the error's text."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            text = str(function())
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return text


def test_a_parents_objects_are_refused_in_a_child(served: Served, tmp_path):
    options = hubdist.ClientOptions(cache_dir=tmp_path, endpoint=served.endpoint)
    with hubdist.Client(options) as client:
        text = in_child(lambda: client.download_file("org/model", "config.json"))
        assert text.startswith("FailedPreconditionError: this Client was made in process")
        assert str(os.getpid()) in text
        assert in_child(lambda: client.closed) == "True"
        assert in_child(client.close) == "None"
        assert not client.closed
        assert client.download_file("org/model", "config.json").files == 1
    text = in_child(lambda: served.server.endpoint)
    assert "this HubServer was made in process" in text


def test_a_child_that_ends_normally_leaves_the_parent_alone(served: Served, tmp_path):
    code = """
import os, sys
import hubdist
cache, endpoint = sys.argv[1:]
def read():
    return hubdist.hf_hub_download("org/model", "config.json", cache_dir=cache, endpoint=endpoint,
                                   force_download=True)
read()
tracker = hubdist.Tracker(key="k" * 32)
child = os.fork()
if child == 0:
    read()
    sys.exit(5)  # runs atexit and every destructor
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
read()
tracker.close()
print("both")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), served.endpoint],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "both\n"


def test_live_objects_are_not_pickled(served: Served, tmp_path):
    client = hubdist.Client(hubdist.ClientOptions(cache_dir=tmp_path))
    with client, pytest.raises(TypeError, match="Client"):
        pickle.dumps(client)
    uri = hubdist.parse_uri("hf://org/model@main/config.json")
    assert pickle.loads(pickle.dumps(uri)) == uri


def test_the_interpreter_ends_with_everything_open(served: Served, tmp_path):
    code = """
import sys
import hubdist
root, endpoint = sys.argv[1:]
hub = hubdist.HubServer(root + "/hub")
tracker = hubdist.Tracker(key="k" * 32)
hubdist.hf_hub_download("org/model", "config.json", cache_dir=root, endpoint=endpoint,
                        tracker="auto")
client = hubdist.Client(hubdist.ClientOptions(cache_dir=root, endpoint=endpoint))
print("end")
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code, str(tmp_path), served.endpoint],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "end\n"
    assert done.stderr == ""
