"""HubServer has in Python what it has in C++."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import hubdist


def ask(server: hubdist.HubServer, path: str, method: str = "GET", token: str = "", body: str = ""):
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=30)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_metrics_are_told_only_when_asked_for(tmp_path):
    with hubdist.HubServer(tmp_path / "a") as silent:
        assert ask(silent, "/metrics")[0] == 404
    with hubdist.HubServer(tmp_path / "a", metrics=True) as server:
        status, text = ask(server, "/metrics")
        assert status == 200
        assert b"hubdist" in text


def test_access_log_is_called_for_each_answer(tmp_path):
    lines = []
    arrived = threading.Event()

    def log(line: str) -> None:
        lines.append(json.loads(line))
        arrived.set()

    with hubdist.HubServer(tmp_path / "hub", access_log=log) as server:
        assert ask(server, "/api/models")[0] == 200
        assert arrived.wait(30)
    assert lines[0]["path"] == "/api/models"
    assert lines[0]["status"] == 200


def test_what_the_access_log_raises_stops_nothing(tmp_path, monkeypatch):
    raised = threading.Event()
    monkeypatch.setattr(sys, "unraisablehook", lambda what: raised.set())

    def log(line: str) -> None:
        raise RuntimeError(line)

    with hubdist.HubServer(tmp_path / "hub", access_log=log) as server:
        assert ask(server, "/api/models")[0] == 200
        assert raised.wait(30)
        assert ask(server, "/api/models")[0] == 200


def test_limits(tmp_path):
    with hubdist.HubServer(tmp_path / "hub", max_uploads=1, max_commits=0, lfs_part=10) as server:
        token = server.add_token("ada", write=True)
        assert ask(server, "/api/repos/create", "POST", token, '{"name": "m"}')[0] == 200
        status, content = ask(server, "/api/models/ada/m/commit/main", "POST", token, "x")
        assert status == 503
        assert b"no more commits" in content
        batch = {"operation": "upload", "transfers": ["multipart"]}
        batch["objects"] = [{"oid": "0" * 64, "size": 25}]
        status, content = ask(
            server, "/ada/m.git/info/lfs/objects/batch", "POST", token, json.dumps(batch)
        )
        assert status == 200
        header = json.loads(content)["objects"][0]["actions"]["upload"]["header"]
        assert header["chunk_size"] == "10"
    with pytest.raises(ValueError, match="at least 1 byte"):
        hubdist.HubServer(tmp_path / "hub", lfs_part=0)


def test_tls(tmp_path: Path):
    certificate, key = tmp_path / "hub.pem", tmp_path / "hub.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=a test", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    key.chmod(0o600)
    pair = {"tls_certificate": certificate, "tls_key": key}
    with hubdist.HubServer(tmp_path / "hub", listen="0.0.0.0:0", **pair) as server:
        assert server.endpoint.startswith("https://0.0.0.0:")
    with pytest.raises(ValueError, match="give both, or neither"):
        hubdist.HubServer(tmp_path / "hub", tls_key=key)
