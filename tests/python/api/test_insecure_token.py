"""A hub on another machine that speaks plain http: reached here through a proxy."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import hubdist
from faulty_hub import FaultyHub
from hubs import Served

ENDPOINT = "http://hub.invalid"  # has no address: only the proxy knows it


@pytest.fixture
def remote(served: Served, monkeypatch):
    with FaultyHub(served.endpoint) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield proxy


def test_a_token_is_not_sent_in_the_clear_unless_that_is_allowed(
    served, remote, tmp_path, monkeypatch
):
    where = {"endpoint": ENDPOINT, "cache_dir": tmp_path / "cache"}
    public, private = ("org/model", "config.json"), ("org/private", "config.json")
    with pytest.raises(hubdist.Error, match="HUBDIST_ALLOW_INSECURE_TOKEN=1"):
        hubdist.hf_hub_download(*public, token=served.token, **where)
    assert not remote.seen
    assert hubdist.hf_hub_download(*public, token=False, **where)
    monkeypatch.setenv("HUBDIST_ALLOW_INSECURE_TOKEN", "1")
    assert hubdist.hf_hub_download(*private, token=served.token, **where)


def test_options_allow_it(served, remote, tmp_path):
    where = {"endpoint": ENDPOINT, "cache_dir": tmp_path / "cache", "token": served.token}
    strict = hubdist.ClientOptions(**where)
    allowed = hubdist.ClientOptions(**where, allow_insecure_token=True)
    assert (strict.allow_insecure_token, allowed.allow_insecure_token) == (False, True)
    assert strict.fingerprint != allowed.fingerprint
    with hubdist.Client(allowed) as client:
        assert client.download_file("org/private", "config.json").path.exists()
    with hubdist.Client(strict) as client, pytest.raises(hubdist.FailedPreconditionError):
        client.stat("hf://org/private/config.json")


def test_the_program_allows_it(served, remote, tmp_path, hubdist_bin):
    def get(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                hubdist_bin,
                "get",
                "hf://org/private",
                "--token-stdin",
                "--endpoint",
                ENDPOINT,
                *more,
            ],
            input=served.token,
            capture_output=True,
            text=True,
            env=os.environ | {"HF_HOME": str(tmp_path)},
            timeout=60,
        )

    refused = get()
    assert refused.returncode == 1
    assert "HUBDIST_ALLOW_INSECURE_TOKEN=1" in refused.stderr
    assert served.token not in refused.stderr
    got = get("--allow-insecure-token")
    assert got.returncode == 0, got.stderr
    assert (Path(got.stdout.strip()) / "config.json").exists()
