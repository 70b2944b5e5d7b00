"""A hub that is away, slow or sick: the cache answers at once, and only else is it asked again."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import hubdist
from faulty_hub import FaultyHub, slow, status
from hubs import Served, tree
from sick_hub import SickHub

ALWAYS = 1 << 30


@pytest.fixture
def faulty(served: Served):
    with FaultyHub(served.endpoint) as hub:
        yield hub


def asked(hub: FaultyHub) -> int:
    return len(hub.requests("HEAD", "/")) + len(hub.requests("GET", "/"))


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_is_held_takes_one_question_to_a_sick_hub(faulty, tmp_path, code):
    given = {"cache_dir": tmp_path / "cache", "endpoint": faulty.url}
    folder = hubdist.snapshot_download("org/model", **given)
    before = asked(faulty)
    for method in ("GET", "HEAD"):
        faulty.fault(status(code, Retry_After="3600"), path="/", method=method, times=ALWAYS)
    assert hubdist.snapshot_download("org/model", **given) == folder
    assert asked(faulty) == before + 1
    file = hubdist.hf_hub_download("org/model", "config.json", **given)
    assert file == str(Path(folder) / "config.json")
    assert asked(faulty) == before + 2


def test_a_file_in_a_folder_takes_one_question_to_a_sick_hub(faulty, tmp_path):
    given = {"local_dir": tmp_path / "folder", "endpoint": faulty.url}
    file = hubdist.hf_hub_download("org/model", "config.json", **given)
    before = asked(faulty)
    faulty.fault(status(503), path="/", method="HEAD", times=ALWAYS)
    assert hubdist.hf_hub_download("org/model", "config.json", **given) == file
    assert asked(faulty) == before + 1


def test_what_is_not_held_is_asked_for_again(faulty, tmp_path):
    given = {"cache_dir": tmp_path / "cache", "endpoint": faulty.url}
    faulty.fault(status(503), path="/resolve/", method="HEAD", times=2)
    assert Path(hubdist.hf_hub_download("org/model", "config.json", **given)).exists()
    assert len(faulty.requests("HEAD", "/resolve/")) == 3
    # The snapshot is held in part only.
    faulty.fault(status(503), path="/revision/", method="GET", times=2)
    faulty.fault(status(503), path="/tree/", method="GET", times=2)
    assert "model.safetensors" in tree(hubdist.snapshot_download("org/model", **given))


def test_a_forced_download_is_tried_again_though_the_file_is_held(faulty, tmp_path):
    given = {"cache_dir": tmp_path / "cache", "endpoint": faulty.url}
    hubdist.hf_hub_download("org/model", "config.json", **given)
    reads = len(faulty.requests("GET", "/resolve/"))
    faulty.fault(status(503), path="/resolve/", method="HEAD", times=2)
    hubdist.hf_hub_download("org/model", "config.json", force_download=True, **given)
    assert len(faulty.requests("GET", "/resolve/")) == reads + 1


def test_a_slow_hub_gets_more_time_when_nothing_is_held(faulty, tmp_path):
    given = {"cache_dir": tmp_path / "cache", "endpoint": faulty.url, "etag_timeout": 0.3}
    faulty.fault(slow(1), path="/resolve/", method="HEAD", times=2)
    file = hubdist.hf_hub_download("org/model", "config.json", **given)
    assert len(faulty.requests("HEAD", "/resolve/")) == 2
    faulty.fault(slow(1), path="/resolve/", method="HEAD")
    assert hubdist.hf_hub_download("org/model", "config.json", **given) == file
    assert len(faulty.requests("HEAD", "/resolve/")) == 3


@pytest.mark.parametrize("answer", ["portal", "403", "418"])
def test_a_page_of_the_network_in_place_of_the_hub(served, tmp_path, answer):
    given = {"cache_dir": tmp_path / "cache"}
    with SickHub() as sick:
        with pytest.raises(hubdist.HubUnavailableError) as caught:
            hubdist.hf_hub_download("org/model", "config.json", endpoint=sick.url(answer), **given)
        assert caught.value.http_status == (200 if answer == "portal" else int(answer))
        with pytest.raises(hubdist.HubUnavailableError):
            hubdist.snapshot_download("org/model", endpoint=sick.url(answer), **given)
        folder = hubdist.snapshot_download("org/model", endpoint=served.endpoint, **given)
        assert hubdist.snapshot_download("org/model", endpoint=sick.url(answer), **given) == folder


def test_an_incomplete_snapshot_says_where_it_is(served, tmp_path):
    given = {"cache_dir": tmp_path / "cache", "endpoint": served.endpoint}
    folder = hubdist.snapshot_download("org/model", allow_patterns="*.json", **given)
    with pytest.raises(hubdist.IncompleteSnapshotError) as caught:
        hubdist.snapshot_download("org/model", local_files_only=True, **given)
    assert caught.value.snapshot_path == folder
    assert pickle.loads(pickle.dumps(caught.value)).snapshot_path == folder


def test_forced_and_local_a_snapshot_is_what_the_cache_has(served, tmp_path, monkeypatch):
    given = {"cache_dir": tmp_path / "cache", "force_download": True}
    folder = hubdist.snapshot_download("org/model", endpoint=served.endpoint, **given)
    assert hubdist.snapshot_download("org/model", local_files_only=True, **given) == folder
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert hubdist.snapshot_download("org/model", **given) == folder
