"""What hubdist writes, huggingface_hub finds, and the other way round, without a byte moved."""

from __future__ import annotations

from pathlib import Path

import pytest

import hubdist
from faulty_hub import FaultyHub
from hubs import Served, tree, write_files
from real_client import Job, RealClient


@pytest.fixture
def watched(served: Served):
    """The hub behind a proxy that tells which bodies were asked for."""
    with FaultyHub(served.endpoint) as proxy:
        yield proxy


def bodies(proxy: FaultyHub) -> list[str]:
    return [seen.path for seen in proxy.requests("GET", "/resolve/")]


def test_hubdist_finds_what_the_real_client_cached(served, watched, real: RealClient, tmp_path):
    cache = str(tmp_path / "cache")
    theirs = real.call("snapshot_download", "org/model", cache_dir=cache, endpoint=watched.url)
    asked = bodies(watched)
    assert len(asked) >= 5
    ours = hubdist.snapshot_download("org/model", cache_dir=cache, endpoint=watched.url)
    assert ours == theirs
    assert tree(ours) == served.files
    for path in served.files:
        file = hubdist.hf_hub_download("org/model", path, cache_dir=cache, endpoint=watched.url)
        assert file == str(Path(theirs) / path)
    assert bodies(watched) == asked


def test_the_real_client_finds_what_hubdist_cached(served, watched, real: RealClient, tmp_path):
    cache = str(tmp_path / "cache")
    ours = hubdist.snapshot_download("org/model", cache_dir=cache, endpoint=watched.url)
    assert tree(ours) == served.files
    asked = bodies(watched)
    given = {"cache_dir": cache, "endpoint": watched.url}
    local = {**given, "local_files_only": True}
    jobs = [Job("snapshot_download", ("org/model",), kwargs) for kwargs in (given, local)]
    jobs += [Job("hf_hub_download", ("org/model", path), given) for path in served.files]
    found = real.call_all(jobs)
    assert found == [ours, ours, *(str(Path(ours) / path) for path in served.files)]
    assert bodies(watched) == asked


def test_caches_are_shared_without_any_hub(own_hub: Served, real: RealClient, tmp_path):
    cache = str(tmp_path / "cache")
    given = {"cache_dir": cache, "endpoint": own_hub.endpoint}
    ours = hubdist.snapshot_download("org/model", **given)
    theirs = real.call("snapshot_download", "org/data", repo_type="dataset", **given)
    own_hub.server.close()
    assert real.call("snapshot_download", "org/model", **given) == ours
    assert hubdist.snapshot_download("org/data", repo_type="dataset", **given) == theirs
    assert hubdist.hf_hub_download("org/data", "config.json", repo_type="dataset", **given)
    assert hubdist.snapshot_download("org/model", revision=own_hub.commit, **given) == ours
    assert hubdist.snapshot_download("org/model", local_files_only=True, **given) == ours


@pytest.mark.parametrize("first", ["hubdist", "huggingface_hub"])
def test_a_local_dir_is_shared(served, watched, real: RealClient, tmp_path, first):
    folder = str(tmp_path / "model")
    given = {"local_dir": folder, "endpoint": watched.url}

    def call(module: str, function: str, *args: str) -> str:
        return real.call(function, *args, module=module, **given)

    second = {"hubdist": "huggingface_hub", "huggingface_hub": "hubdist"}[first]
    assert call(first, "snapshot_download", "org/model") == folder
    assert tree(folder) == served.files
    asked = bodies(watched)
    assert call(second, "snapshot_download", "org/model") == folder
    assert call(second, "hf_hub_download", "org/model", "config.json") == f"{folder}/config.json"
    assert bodies(watched) == asked
    assert not list(Path(folder).rglob("*.hubdist-*"))


def test_patterns_select_the_same_files(served, real: RealClient, tmp_path):
    cases = [
        {"allow_patterns": "*.json"},
        {"allow_patterns": ["sub folder/"]},
        {"allow_patterns": ["*.json", "*.md"], "ignore_patterns": ["sub*"]},
        {"ignore_patterns": "*.safetensors"},
        {"allow_patterns": []},
        {"allow_patterns": ["nothing like this"]},
        {"allow_patterns": "[cR]*"},
        {"allow_patterns": "sub folder\\*.json"},
    ]
    given = [
        {"endpoint": served.endpoint, "cache_dir": str(tmp_path / f"theirs{index}"), **patterns}
        for index, patterns in enumerate(cases)
    ]
    jobs = [Job("snapshot_download", ("org/model",), kwargs) for kwargs in given]
    for index, theirs in enumerate(real.call_all(jobs)):
        kwargs = {**given[index], "cache_dir": tmp_path / f"ours{index}"}
        ours = hubdist.snapshot_download("org/model", **kwargs)
        found = tree(theirs) if Path(theirs).exists() else {}
        assert (tree(ours) if Path(ours).exists() else {}) == found, cases[index]


def test_revisions_and_refs(own_hub: Served, real: RealClient, tmp_path):
    cache = str(tmp_path / "cache")
    given = {"cache_dir": cache, "endpoint": own_hub.endpoint}
    first = hubdist.snapshot_download("org/model", **given)
    changed = {**own_hub.files, "config.json": b'{"changed": true}\n'}
    folder = write_files(tmp_path / "changed", changed)
    second = own_hub.server.add(folder, "org/model")
    assert second.new_bytes == len(changed["config.json"])
    branch = own_hub.server.add(folder, "org/model", branch="feature/x")
    after = hubdist.snapshot_download("org/model", **given)
    assert Path(first).name == own_hub.commit
    assert Path(after).name == second.commit
    assert tree(after) == changed
    assert tree(first) == own_hub.files
    on_branch = hubdist.snapshot_download("org/model", revision="feature/x", **given)
    assert Path(on_branch).name == branch.commit
    assert real.call("snapshot_download", "org/model", revision="feature/x", **given) == on_branch


def test_force_download_mends_a_blob(served, tmp_path):
    given = {"cache_dir": tmp_path / "cache", "endpoint": served.endpoint}
    path = hubdist.hf_hub_download("org/model", "config.json", **given)
    edited = bytes(len(served.files["config.json"]))
    Path(path).resolve().write_bytes(edited)
    assert hubdist.hf_hub_download("org/model", "config.json", **given) == path
    assert Path(path).read_bytes() == edited  # what is there is trusted, as by huggingface_hub
    again = hubdist.hf_hub_download("org/model", "config.json", force_download=True, **given)
    assert Path(again).read_bytes() == served.files["config.json"]


def test_both_clients_at_once_in_one_cache(served, real: RealClient, tmp_path):
    for attempt in range(3):
        given = {"cache_dir": str(tmp_path / f"cache{attempt}"), "endpoint": served.endpoint}
        process = real.start([Job("snapshot_download", ("org/model",), given)])
        ours = hubdist.snapshot_download("org/model", **given)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert ours in output
        assert tree(ours) == served.files
