"""Versions of files, folders, snapshots and buffers are compared in Python as in C++."""

from __future__ import annotations

import gc
import html.parser
import itertools
import json
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import hubdist
from hubs import Served, write_files

OLD = random.Random(1).randbytes(2_000_000)
AT = 1_200_000
NEW = OLD[:AT] + b"inserted" * 10 + OLD[AT:]


def tensors(values: dict[str, bytes]) -> bytes:
    """A safetensors file of tensors of bytes."""
    header, at = {}, 0
    for name, value in values.items():
        offsets = [at, at + len(value)]
        header[name] = {"dtype": "U8", "shape": [len(value)], "data_offsets": offsets}
        at += len(value)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(values.values())


def numbers(report: hubdist.DedupeReport) -> dict:
    """What a report says, without how long it took and what its versions are called."""
    told = json.loads(report.to_json())
    told.pop("seconds", None)
    for version in told["versions"]:
        version.pop("name")
        for file in version["files"]:
            file.pop("path")
            file.pop("previous_path", None)
    return told


@pytest.fixture
def report():
    return hubdist.estimate_dedupe([("old", OLD), ("new", NEW)])


def test_the_numbers_are_attributes(report):
    old, new = report.versions
    assert (old.name, new.name, new.commit) == ("old", "new", "")
    assert old.numbers.size == old.numbers.new_bytes == len(OLD)
    assert old.numbers.chunks == old.numbers.new_chunks == len(hubdist.chunk(OLD).chunks)
    assert old.numbers.xet_upload >= old.numbers.compressed >= len(OLD)
    file = new.files[0]
    assert (file.change, new.numbers.size, new.numbers.lfs_upload) == (
        "changed",
        len(NEW),
        len(NEW),
    )
    assert file.file_hash == hubdist.chunk(NEW).file_hash
    assert 0 < new.numbers.new_bytes <= 2 * hubdist.MAX_CHUNK_SIZE
    assert new.numbers.ratio == new.numbers.size / new.numbers.xet_upload > 10
    [(begin, end)] = file.new_ranges
    assert begin <= AT < end
    assert end - begin == file.numbers.new_bytes == new.numbers.new_bytes
    assert report.assumptions
    assert report.seconds > 0
    with pytest.raises(AttributeError):
        file.numbers.size = 1


def test_the_new_chunks_are_those_that_nothing_before_held(report):
    held = {c.hash for c in hubdist.chunk(OLD).chunks}
    missing = [c for c in hubdist.chunk(NEW).chunks if c.hash not in held]
    assert report.versions[1].numbers.new_chunks == len(missing)
    assert report.versions[1].numbers.new_bytes == sum(c.size for c in missing)


def test_files_and_buffers_of_every_kind_are_compared_alike(report, tmp_path):
    expected = numbers(report)
    write_files(tmp_path, {"old": OLD, "new": NEW})
    assert numbers(hubdist.estimate_dedupe([tmp_path / "old", str(tmp_path / "new")])) == expected
    assert numbers(hubdist.estimate_dedupe((tmp_path / "old", NEW), threads=1)) == expected
    assert numbers(hubdist.estimate_dedupe(iter([bytearray(OLD), memoryview(NEW)]))) == expected
    arrays = [np.frombuffer(OLD, "datetime64[s]"), np.frombuffer(NEW, np.float32)]
    assert numbers(hubdist.estimate_dedupe(arrays)) == expected
    memory = mmap.mmap(-1, len(NEW))
    memory.write(NEW)
    assert numbers(hubdist.estimate_dedupe([OLD, ("mapped", memory)])) == expected
    memory.close()  # nothing holds it
    names = [v.name for v in hubdist.estimate_dedupe([OLD, ("b/c", NEW), tmp_path]).versions]
    assert names == ["buffer 1", "b/c", str(tmp_path)]


def test_folders_match_files_by_path_and_find_renamed_ones(tmp_path):
    write_files(tmp_path / "v1", {"a": OLD, "b/c": b"small", "gone": b"x" * 100})
    write_files(tmp_path / "v2", {"moved/a": OLD, "b/c": b"small", "new": b"y" * 100})
    old, new = hubdist.estimate_dedupe([tmp_path / "v1", tmp_path / "v2"]).versions
    assert [f.change for f in old.files] == ["added"] * 3
    changes = {f.path: (f.change, f.previous_path) for f in new.files}
    assert changes == {
        "b/c": ("unchanged", ""),
        "gone": ("removed", ""),
        "moved/a": ("renamed", "a"),
        "new": ("added", ""),
    }
    assert "3 files" in repr(new)
    only = hubdist.estimate_dedupe(
        [tmp_path / "v1", tmp_path / "v2"], include=["a", "moved/*"], exclude="b/*"
    )
    assert [[f.path for f in v.files] for v in only.versions] == [["a"], ["moved/a"]]


def test_what_changed_has_names():
    draw = random.Random(2)
    values = {f"layer.{i}": draw.randbytes(400_000) for i in range(4)}
    old = tensors(values)
    new = tensors({**values, "layer.2": draw.randbytes(400_000)})
    file = hubdist.estimate_dedupe([old, new]).versions[1].files[0]
    assert file.format == "safetensors"
    changed = {r.region.name: r.new_bytes for r in file.regions if r.new_bytes}
    assert changed["layer.2"] == 400_000
    assert file.changed_regions == len(changed)
    assert "layer.2" in file.describe_changes()
    assert "layer.2" in file.describe_changes(most=1)
    plain = hubdist.estimate_dedupe([old, new], layouts=False).versions[1].files[0]
    assert (plain.format, plain.regions, plain.describe_changes()) == ("", [], "")


def test_layouts_can_be_read_by_themselves(tmp_path):
    content = tensors({"weight": bytes(100), "bias": bytes(10)})
    (tmp_path / "a.safetensors").write_bytes(content)
    for layout in hubdist.read_layout(content), hubdist.read_layout(tmp_path / "a.safetensors"):
        assert layout.format == "safetensors"
        tensor = {r.name: r for r in layout.regions if r.kind == "tensor"}
        assert tensor["weight"].range == (len(content) - 110, len(content) - 10)
        assert "weight" in repr(tensor["weight"])
    torn = hubdist.read_layout(content[:20])
    assert torn.regions == []
    assert torn.notes or torn.format == ""
    with pytest.raises(IsADirectoryError):
        hubdist.read_layout(tmp_path)
    with pytest.raises(ValueError, match="kind of region"):
        hubdist.Region("nonsense", "x", (0, 1))


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)


def tags(text: str) -> set[str]:
    parser = Tags()
    parser.feed(text)
    return parser.seen


def test_a_report_shows_itself(report):
    told = json.loads(report.to_json())
    assert told["schema"] == hubdist.DEDUPE_SCHEMA_VERSION
    assert told["versions"][1]["new_bytes"] == report.versions[1].numbers.new_bytes
    assert {"html", "body"} <= tags(report.to_html())
    fragment = report._repr_html_()
    assert not {"html", "body", "head"} & tags(fragment)
    assert "old" in fragment
    assert ElementTree.fromstring(report.to_svg()).tag.endswith("svg")
    assert repr(report).startswith("<DedupeReport\n  old: 1 file, 2.00 MB, 2.00 MB new")


def test_names_are_escaped_and_may_hold_any_bytes(tmp_path):
    path = os.fsencode(tmp_path) + b"/<script>\xff"
    Path(os.fsdecode(path)).write_bytes(OLD)
    report = hubdist.estimate_dedupe([os.fsdecode(path), ("<odd>", NEW)])
    assert report.versions[0].numbers.size == len(OLD)
    assert not {"odd", "script>"} & tags(report._repr_html_())
    assert "<script>\\xff" not in report.to_html()
    for text in report.to_json(), report.to_html(), report.to_svg(), repr(report):
        text.encode()  # no bytes that are not text
    assert report.versions[0].files[0].path.startswith("<script>")


def test_parts_keep_the_report(report):
    file = report.versions[1].files[0]
    numbers = file.numbers
    expected = (file.path, numbers.size)
    del report
    gc.collect()
    assert (file.path, numbers.size) == expected


def test_a_snapshot_of_a_hub_against_a_folder(served: Served, tmp_path):
    changed = {**served.files, "config.json": b"{}"}
    write_files(tmp_path / "local", changed)
    uri = f"hf://org/model@{served.commit}"
    report = hubdist.estimate_dedupe([uri, tmp_path / "local"], endpoint=served.endpoint)
    hub, local = report.versions
    assert (hub.name, hub.commit) == (uri, served.commit)
    assert {f.path for f in hub.files} == set(served.files)
    assert {f.path for f in local.files if f.change != "unchanged"} == {"config.json"}
    report = hubdist.estimate_dedupe(
        [uri, tmp_path / "local"], endpoint=served.endpoint, include="*.json"
    )
    assert all(f.path.endswith(".json") for v in report.versions for f in v.files)
    with pytest.raises(hubdist.RepositoryNotFoundError):
        hubdist.estimate_dedupe(["hf://org/none", OLD], endpoint=served.endpoint)


def test_progress_is_told_in_the_thread_that_called(tmp_path):
    (tmp_path / "big").write_bytes(OLD * 10)
    told = []
    hubdist.estimate_dedupe(
        [tmp_path / "big", OLD],
        progress=lambda p: told.append((p.done, p.total, p.file, threading.get_ident())),
    )
    total = 11 * len(OLD)
    assert told[-1][:2] == (total, total)
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(told))
    assert {t[3] for t in told} == {threading.get_ident()}

    class Enough(Exception):
        pass

    def stop(progress):
        raise Enough

    with pytest.raises(Enough):
        hubdist.estimate_dedupe([tmp_path / "big", OLD], progress=stop)


class Bar:
    """Has what is used of tqdm's interface."""

    made: list = []

    def __init__(self, *, total=None, initial=0, desc="", unit="it", unit_scale=False):
        self.total, self.n, self.desc, self.closed = total, initial, desc, False
        Bar.made.append(self)

    def update(self, n=1):
        self.n += n

    def close(self):
        self.closed = True


def test_bars_show_downloads_and_then_the_comparison(served: Served, tmp_path, monkeypatch):
    monkeypatch.setattr("hubdist._progress._tqdm", lambda: Bar)
    Bar.made.clear()
    uris = ["hf://org/model", "hf://datasets/org/data"]
    hubdist.estimate_dedupe(uris, endpoint=served.endpoint, cache_dir=tmp_path)
    total = sum(map(len, served.files.values()))
    shown = [(b.desc, b.n, b.total, b.closed) for b in Bar.made]
    assert shown == [
        (uris[0], total, total, True),
        (uris[1], total, total, True),
        ("Comparing", 2 * total, 2 * total, True),
    ]
    Bar.made.clear()
    events = []
    hubdist.estimate_dedupe(
        ["hf://org/model", OLD],
        endpoint=served.endpoint,
        cache_dir=tmp_path / "another",
        progress=events.append,
    )
    assert not Bar.made
    kinds = [type(e) for e in events]
    assert kinds == sorted(kinds, key=[hubdist.ProgressEvent, hubdist.DedupeProgress].index)
    assert set(kinds) == {hubdist.ProgressEvent, hubdist.DedupeProgress}
    assert sum(e.bytes for e in events if getattr(e, "kind", None) == hubdist.ProgressKind.BYTES)


def test_ctrl_c_stops_a_comparison(tmp_path):
    (tmp_path / "big").write_bytes(bytes(64 << 20))
    code = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import hubdist
def interrupt(progress):
    os.kill(os.getpid(), signal.SIGINT)
try:
    hubdist.estimate_dedupe([sys.argv[1]] * 50, progress=interrupt)
except KeyboardInterrupt:
    print("interrupted")
"""
    command = [sys.executable, "-c", code, str(tmp_path / "big")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "interrupted\n", done.stderr
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_threads_compare_at_once(report):
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(hubdist.estimate_dedupe, [[OLD, NEW]] * 4))
    assert [numbers(r) for r in reports] == [numbers(report)] * 4


def test_wrong_versions_are_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        hubdist.estimate_dedupe([OLD, tmp_path / "missing"])
    with pytest.raises(hubdist.InvalidArgumentError, match="/dev/null"):
        hubdist.estimate_dedupe([OLD, "/dev/null"])
    with pytest.raises(hubdist.InvalidArgumentError, match="https://host/x"):
        hubdist.estimate_dedupe([OLD, "https://host/x"])
    with pytest.raises(ValueError, match=r"numpy\.ascontiguousarray"):
        hubdist.estimate_dedupe([OLD, memoryview(NEW)[::2]])
    for one in (str(tmp_path), tmp_path, OLD):
        with pytest.raises(TypeError, match="list"):
            hubdist.estimate_dedupe(one)
    for wrong in (4, None, ("a", "b", "c"), (OLD, NEW)):
        with pytest.raises(TypeError, match="version 2"):
            hubdist.estimate_dedupe([OLD, wrong])
    with pytest.raises(hubdist.InvalidArgumentError, match="no version"):
        hubdist.estimate_dedupe([])
