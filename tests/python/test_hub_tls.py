"""A hub behind https: the real client, this package's, and the program."""

import os
import subprocess
import sys

import pytest

from hub_process import Hub

CONTENT = b"the weights of a model" * 10_000

# In a process of its own: what an HTTP library trusts it reads once.
REAL_CLIENT = """
import sys
import huggingface_hub as hf

api = hf.HfApi()
api.create_repo("ada/model")
api.upload_file(path_or_fileobj=sys.argv[1], path_in_repo="w.safetensors", repo_id="ada/model")
print(hf.hf_hub_download("ada/model", "w.safetensors"))
"""
OUR_CLIENT = """
import hubdist

print(hubdist.hf_hub_download("ada/model", "w.safetensors"))
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=a test", "-keyout", folder / "hub.key"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", folder / "hub.pem"]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "hub.key").chmod(0o600)
    return folder


@pytest.fixture
def secure_hub(hubdist_bin, tmp_path, certificate):
    hub = Hub(hubdist_bin, tmp_path / "hub-root")
    hub.start("--tls-cert", certificate / "hub.pem", "--tls-key", certificate / "hub.key")
    hub.endpoint = hub.endpoint.replace("http://", "https://")
    yield hub
    hub.stop()


def run(command, hub, tmp_path, token, **variables):
    trusted = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in trusted},
        "HF_ENDPOINT": hub.endpoint,
        "HF_TOKEN": token,
        "HF_HOME": str(tmp_path / f"home-{len(os.listdir(tmp_path))}"),
        "HF_HUB_DISABLE_XET": "1",
        **variables,
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout.strip(), done.stderr


def test_clients_that_trust_the_certificate(secure_hub, certificate, tmp_path):
    token = secure_hub.token_add("ada", "--write")
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    trust = str(certificate / "hub.pem")
    real = [sys.executable, "-c", REAL_CLIENT, str(source)]
    both = {"SSL_CERT_FILE": trust, "REQUESTS_CA_BUNDLE": trust}
    code, path, said = run(real, secure_hub, tmp_path, token, **both)
    assert code == 0, said
    with open(path, "rb") as file:
        assert file.read() == CONTENT
    ours = [sys.executable, "-c", OUR_CLIENT]
    program = [secure_hub.program, "get", "-q", "hf://ada/model/w.safetensors"]
    for command in (ours, program):
        for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
            code, path, said = run(command, secure_hub, tmp_path, token, **{name: trust})
            assert code == 0, said
            with open(path, "rb") as file:
                assert file.read() == CONTENT


def test_a_client_that_does_not_says_why(secure_hub, tmp_path):
    program = [secure_hub.program, "get", "-q", "hf://ada/model/w.safetensors"]
    code, _, said = run(program, secure_hub, tmp_path, "x" * 32)
    assert code == 1
    assert "SSL_CERT_FILE" in said


def test_the_key_must_fit_and_be_private(hubdist_bin, tmp_path, certificate):
    command = [hubdist_bin, "hub", "serve", "--root", tmp_path / "root"]
    pair = ["--tls-cert", certificate / "hub.pem", "--tls-key"]
    alone = subprocess.run([*command, *pair[:2]], capture_output=True, text=True)
    assert alone.returncode == 2
    assert "--tls-key" in alone.stderr
    key = tmp_path / "open.key"
    key.write_bytes((certificate / "hub.key").read_bytes())
    key.chmod(0o644)
    everybody = subprocess.run([*command, *pair, key], capture_output=True, text=True)
    assert everybody.returncode == 1
    assert "chmod 600" in everybody.stderr
