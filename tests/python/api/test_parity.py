"""Signatures, return values and exceptions are those of huggingface_hub."""

from __future__ import annotations

import inspect
import re
import warnings
from pathlib import Path

import huggingface_hub
import pytest

import hubdist
from hubs import Served
from real_client import Job, Raised, RealClient
from sick_hub import SickHub

FUNCTIONS = ["snapshot_download", "hf_hub_download"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures(name):
    theirs = inspect.signature(getattr(huggingface_hub, name)).parameters
    ours = inspect.signature(getattr(hubdist, name)).parameters
    assert list(ours)[: len(theirs)] == list(theirs)
    for parameter in theirs:
        assert ours[parameter].kind == theirs[parameter].kind, parameter
        assert ours[parameter].default == theirs[parameter].default, parameter
    assert list(ours)[len(theirs) :] == ["tracker"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_legacy_arguments_are_ignored_with_a_warning(served: Served, name, tmp_path):
    args = ["org/model", "config.json"][: 2 if name == "hf_hub_download" else 1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(hubdist, name)(
            *args,
            cache_dir=tmp_path,
            endpoint=served.endpoint,
            resume_download=True,
            local_dir_use_symlinks=False,
            proxies=None,
        )
    texts = sorted(str(w.message) for w in caught)
    assert len(texts) == 2
    assert "local_dir_use_symlinks" in texts[0]
    assert "resume_download" in texts[1]
    with pytest.raises(TypeError):
        getattr(hubdist, name)(*args, no_such_argument=1)


SNAPSHOT = ("snapshot_download", ("org/model",))
FILE = ("hf_hub_download", ("org/model", "config.json"))
NOWHERE = "http://127.0.0.1:9"

# (function and arguments, keyword arguments); {token} and {stranger} are filled in.
CASES = {
    "missing repo": ("snapshot_download", ("org/none",), {}),
    "missing repo, file": ("hf_hub_download", ("org/none", "config.json"), {}),
    "missing revision": (*SNAPSHOT, {"revision": "none"}),
    "missing revision, file": (*FILE, {"revision": "none"}),
    "missing commit": (*SNAPSHOT, {"revision": "0" * 40}),
    "missing file": ("hf_hub_download", ("org/model", "none.json"), {}),
    "missing file, dry run": ("hf_hub_download", ("org/model", "none.json"), {"dry_run": True}),
    "wrong token": (*SNAPSHOT, {"token": "hf_wrong"}),
    "wrong token, file": (*FILE, {"token": "hf_wrong"}),
    "private, no token": ("snapshot_download", ("org/private",), {}),
    "private, no token, file": ("hf_hub_download", ("org/private", "config.json"), {}),
    "private, stranger": ("snapshot_download", ("org/private",), {"token": "{stranger}"}),
    "private, reader": ("hf_hub_download", ("org/private", "config.json"), {"token": "{token}"}),
    "gated, no token, file": ("hf_hub_download", ("org/gated", "config.json"), {}),
    "gated, stranger": ("snapshot_download", ("org/gated",), {"token": "{stranger}"}),
    "gated, reader": ("snapshot_download", ("org/gated",), {"token": "{token}"}),
    "not cached": (*SNAPSHOT, {"local_files_only": True}),
    "not cached, file": (*FILE, {"local_files_only": True}),
    "unreachable": (*SNAPSHOT, {"endpoint": NOWHERE}),
    "unreachable, file": (*FILE, {"endpoint": NOWHERE}),
    "dry run, unreachable": (*SNAPSHOT, {"endpoint": NOWHERE, "dry_run": True}),
    "dry run, local": (*SNAPSHOT, {"local_files_only": True, "dry_run": True}),
    "bad repo id": ("snapshot_download", ("a/b/c",), {}),
    "bad repo id, dots": ("snapshot_download", ("a..b",), {}),
    "bad repo id, not text": ("hf_hub_download", (17, "config.json"), {}),
    "bad repo type": (*SNAPSHOT, {"repo_type": "models"}),
    "no token here": (*SNAPSHOT, {"token": True}),
    "force and local": (*SNAPSHOT, {"force_download": True, "local_files_only": True}),
    "force and local, file": (*FILE, {"force_download": True, "local_files_only": True}),
    "path outside": ("hf_hub_download", ("org/model", "../config.json"), {}),
}


def jobs_of(module: str, served: Served, cache: str) -> list[Job]:
    jobs = []
    for function, args, more in CASES.values():
        kwargs = {"endpoint": served.endpoint, "cache_dir": cache, **more}
        token = {"{token}": served.token, "{stranger}": served.stranger}
        if kwargs.get("token") in token:
            kwargs["token"] = token[kwargs["token"]]
        jobs.append(Job(function, args, kwargs, module))
    return jobs


def differences(case: str, theirs: str | Raised, ours: str | Raised) -> list[str]:
    if type(ours) is not type(theirs):
        return [f"{case}: {ours!r} where huggingface_hub has {theirs!r}"]
    if isinstance(theirs, str) or isinstance(ours, str):
        return []
    found = []
    missing = set(theirs.builtin_and_hub_classes) - set(ours.builtin_and_hub_classes)
    if missing or "Error" not in ours.kinds:
        found.append(f"{case}: {ours.kinds} where huggingface_hub has {theirs.kinds}")
    if ours.status != theirs.status:
        found.append(f"{case}: status {ours.status} where huggingface_hub has {theirs.status}")
    return found


def test_the_same_exceptions(served: Served, real: RealClient, tmp_path):
    # Each process has an empty cache, and nothing of it is read by the cases that come later.
    theirs = real.call_all(jobs_of("huggingface_hub", served, str(tmp_path / "theirs")))
    ours = real.call_all(jobs_of("hubdist", served, str(tmp_path / "ours")))
    found = [d for t, o, c in zip(theirs, ours, CASES, strict=True) for d in differences(c, t, o)]
    assert not found, "\n".join(found)
    for outcome in ours:
        assert served.token not in str(outcome)
        assert "hf_wrong" not in str(outcome)


# Wrong answers of a hub, or of something in its place; HF falls back to its cache on all of them.
SICK = ["400", "403", "404", "409", "410", "418", "429", "451", "501"]
SICK_CASES = {
    f"{answer}, {what}": (*call, more, answer)
    for answer in SICK
    for what, call, more in (
        ("snapshot", SNAPSHOT, {}),
        ("file", FILE, {}),
        ("file, dry run", FILE, {"dry_run": True}),
    )
} | {"portal, file": (*FILE, {}, "portal")}


@pytest.mark.parametrize("cached", [True, False])
def test_a_sick_hub(served: Served, real: RealClient, tmp_path, cached):
    def outcomes(module: str) -> list[str | Raised]:
        cache = str(tmp_path / module)
        if cached:
            hubdist.snapshot_download("org/model", cache_dir=cache, endpoint=served.endpoint)
        jobs = [
            Job(function, args, {"endpoint": sick.url(answer), "cache_dir": cache, **more}, module)
            for function, args, more, answer in SICK_CASES.values()
        ]
        came = real.call_all(jobs)
        return [c if isinstance(c, Raised) else c.replace(cache, "") for c in came]

    with SickHub() as sick:
        theirs, ours = outcomes("huggingface_hub"), outcomes("hubdist")
    for case, t, o in zip(SICK_CASES, theirs, ours, strict=True):
        assert not differences(case, t, o)
        assert isinstance(o, str) == cached
        if cached:
            assert o == t


def test_offline_mode(served: Served, real: RealClient, tmp_path):
    given = {"cache_dir": str(tmp_path / "cache"), "endpoint": served.endpoint}
    offline = {"HF_HUB_OFFLINE": "1"}
    for module in ("huggingface_hub", "hubdist"):
        with pytest.raises(Raised) as caught:
            real.call("snapshot_download", "org/model", module=module, env=offline, **given)
        assert "LocalEntryNotFoundError" in caught.value.kinds
        assert "FileNotFoundError" in caught.value.kinds
    path = hubdist.snapshot_download("org/model", **given)
    for module in ("huggingface_hub", "hubdist"):
        found = real.call("snapshot_download", "org/model", module=module, env=offline, **given)
        assert found == path


def test_an_incomplete_snapshot_is_refused(served: Served, real: RealClient, tmp_path):
    given = {"cache_dir": str(tmp_path / "cache"), "endpoint": served.endpoint}
    real.call("snapshot_download", "org/model", allow_patterns="*.json", **given)
    for module in ("huggingface_hub", "hubdist"):
        with pytest.raises(Raised) as caught:
            real.call(
                "snapshot_download", "org/model", module=module, local_files_only=True, **given
            )
        assert "IncompleteSnapshotError" in caught.value.kinds
        assert real.call(
            "snapshot_download",
            "org/model",
            module=module,
            allow_patterns="*.json",
            local_files_only=True,
            **given,
        )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_dry_run(served: Served, real: RealClient, tmp_path, function):
    args = ["org/model", "config.json"][: 2 if function == "hf_hub_download" else 1]
    cache = str(tmp_path / "cache")
    given = {"endpoint": served.endpoint, "dry_run": True}

    def plan(module: str, **where: str) -> list[str]:
        text = real.call(function, *args, module=module, **given, **where)
        return sorted(re.findall(r"DryRunFileInfo\((.*?_download=\w+)\)", text))

    assert plan("hubdist", cache_dir=cache) == plan("huggingface_hub", cache_dir=cache)
    assert not list(Path(cache).rglob("*.json"))
    hubdist.hf_hub_download("org/model", "config.json", cache_dir=cache, endpoint=served.endpoint)
    assert plan("hubdist", cache_dir=cache) == plan("huggingface_hub", cache_dir=cache)
    folder = str(tmp_path / "folder")
    hubdist.hf_hub_download("org/model", "config.json", local_dir=folder, endpoint=served.endpoint)
    assert plan("hubdist", local_dir=folder) == plan("huggingface_hub", local_dir=folder)


def test_where_the_token_comes_from(served: Served, tmp_path, monkeypatch):
    def reads_private(**kwargs) -> bool:
        try:
            hubdist.hf_hub_download(
                "org/private",
                "README.md",
                cache_dir=tmp_path / "cache",
                endpoint=served.endpoint,
                force_download=True,
                **kwargs,
            )
        except hubdist.RepositoryNotFoundError:
            return False
        return True

    assert not reads_private()
    assert reads_private(token=served.token)
    assert reads_private(headers={"Authorization": f"Bearer {served.token}"})
    home = tmp_path / "hf-home"
    home.mkdir(exist_ok=True)
    (home / "token").write_text(served.token + "\n")
    assert reads_private()
    assert reads_private(token=True)
    assert not reads_private(token=False)
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    assert not reads_private()
    assert reads_private(token=True)
    monkeypatch.delenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")
    monkeypatch.setenv("HF_TOKEN", served.stranger)
    assert not reads_private()
    with pytest.raises(ValueError, match="Bearer"):
        reads_private(headers={"authorization": "Basic eDp5"})


def test_user_agent_and_headers_reach_the_hub(served: Served, tmp_path):
    from faulty_hub import FaultyHub

    with FaultyHub(served.endpoint) as proxy:
        hubdist.hf_hub_download(
            "org/model",
            "config.json",
            cache_dir=tmp_path,
            endpoint=proxy.url,
            library_name="mylib",
            library_version="1.2",
            user_agent={"job": "7"},
            headers={"X-Mine": "yes"},
        )
        seen = proxy.requests("GET", "/resolve/")
    assert seen
    for request in seen:
        fields = {name.lower(): value for name, value in request.headers.items()}
        assert fields["x-mine"] == "yes"
        assert fields["user-agent"].startswith("mylib/1.2; hubdist/")
        assert "job/7" in fields["user-agent"]


def test_refusals_name_the_argument():
    with pytest.raises(ValueError, match="kernel"):
        hubdist.snapshot_download("org/model", repo_type="kernel")
