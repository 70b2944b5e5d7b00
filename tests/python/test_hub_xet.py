"""Our hub as the real, unchanged huggingface_hub with hf_xet reads and writes it."""

import os
import random
import re
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import huggingface_hub as hf
import pytest
from huggingface_hub import CommitOperationAdd

import hubdist
from faulty_hub import FaultyHub

REPO = "ada/model"
NOISE = random.Random(1).randbytes((3 << 20) + 12345)
DRAW = random.Random(2)
WEIGHTS = b"".join(struct.pack("<f", DRAW.gauss(0, 0.02))[2:] for _ in range(400_000))


@pytest.fixture
def serving(hub):
    """The hub, telling what it received."""
    hub.stop()
    hub.start("--metrics")
    return hub


@pytest.fixture
def api(serving) -> hf.HfApi:
    return hf.HfApi(endpoint=serving.endpoint, token=serving.token_add("ada", "--write"))


@pytest.fixture
def repo(api) -> str:
    api.create_repo(REPO)
    return REPO


def received(api) -> int:
    """Bytes of requests' bodies that the hub has taken."""
    with urllib.request.urlopen(f"{api.endpoint}/metrics") as answer:
        return int(re.search(rb"hubdist_received_bytes_total (\d+)", answer.read())[1])


def upload(api, path: str, content: bytes, repo: str = REPO, **options) -> None:
    api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo, **options)


def download(api, path: str, cache: Path, repo: str = REPO, **options) -> bytes:
    options = {"endpoint": api.endpoint, "token": api.token, **options}
    return Path(hf.hf_hub_download(repo, path, cache_dir=cache, **options)).read_bytes()


def by_http(api, path: str, repo: str = REPO, prefix: str = "", **headers) -> bytes:
    """The file by its plain URL, as clients get it that know no Xet."""
    request = urllib.request.Request(
        f"{api.endpoint}/{prefix}{repo}/resolve/main/{path}",
        headers={"Authorization": f"Bearer {api.token}", **headers},
    )
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def xet_hashes(api, repo: str = REPO, **options) -> dict[str, str | None]:
    entries = api.list_repo_tree(repo, recursive=True, **options)
    return {e.path: e.xet_hash for e in entries if isinstance(e, hf.hf_api.RepoFile)}


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_up_and_down(api, tmp_path, kind):
    options = {"repo_type": kind}
    api.create_repo("ada/it", space_sdk="static" if kind == "space" else None, **options)
    upload(api, "noise.bin", NOISE, "ada/it", **options)
    file = tmp_path / "weights"
    file.write_bytes(WEIGHTS)
    upload(api, "deep/w.safetensors", str(file), "ada/it", **options)
    expected = hubdist.make_manifest(NOISE).file_hash
    assert xet_hashes(api, "ada/it", **options)["noise.bin"] == expected
    for path, content in {"noise.bin": NOISE, "deep/w.safetensors": WEIGHTS}.items():
        assert download(api, path, tmp_path / "cache", "ada/it", **options) == content
        prefix = "" if kind == "model" else f"{kind}s/"
        assert by_http(api, path, "ada/it", prefix) == content
        part = by_http(api, path, "ada/it", prefix, Range="bytes=100000-299999")
        assert part == content[100000:300000]
    (info,) = api.get_paths_info("ada/it", "noise.bin", **options)
    assert info.xet_hash == expected


def test_folders(api, repo, tmp_path):
    files = {f"part {i}/文件{i}.bin": NOISE[i * 1000 :] for i in range(6)}
    files["same.bin"] = files["part 0/文件0.bin"]
    files["empty.bin"] = b""
    files["config.json"] = b"{}"
    for path, content in files.items():
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).write_bytes(content)
    api.upload_folder(repo_id=repo, folder_path=tmp_path / "in")

    def check(name: str, cache: str) -> None:
        root = hf.snapshot_download(
            name, endpoint=api.endpoint, token=api.token, cache_dir=tmp_path / cache
        )
        for path, content in files.items():
            assert Path(root, path).read_bytes() == content
            assert by_http(api, urllib.request.quote(path), name) == content

    check(repo, "cache")
    hashes = xet_hashes(api)
    assert hashes["same.bin"] == hashes["part 0/文件0.bin"] is not None
    assert hashes["empty.bin"] is None

    if hasattr(api, "upload_large_folder"):  # since 2.0 upload_folder() is for all sizes
        api.create_repo("ada/large")
        api.upload_large_folder(
            repo_id="ada/large",
            repo_type="model",
            folder_path=tmp_path / "in",
            print_report=False,
        )
        check("ada/large", "another cache")


def test_what_is_known_is_not_sent_again(api, repo, tmp_path):
    upload(api, "a.bin", NOISE)
    before = received(api)
    changed = NOISE[: 1 << 20] + b"some bytes more" + NOISE[1 << 20 :]
    upload(api, "b.bin", changed)
    assert received(api) - before < 400_000
    assert download(api, "b.bin", tmp_path) == changed
    assert by_http(api, "b.bin") == changed
    # Another client, with an empty memory, asks the hub.
    before = received(api)
    (tmp_path / "c").write_bytes(changed)
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": api.endpoint}
    command = [sys.executable, "-m", "huggingface_hub.cli.hf", "upload", REPO, tmp_path / "c"]
    subprocess.run(
        [*command, "c.bin"],
        env={**environment, "HF_TOKEN": api.token},
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert received(api) - before < 100_000
    assert by_http(api, "c.bin") == changed


def test_public_contents_spare_private_repositories_the_upload_but_not_the_other_way(api, repo):
    upload(api, "a.bin", NOISE)
    before = received(api)
    api.create_repo("ada/secret", private=True)
    upload(api, "b.bin", NOISE, "ada/secret")
    assert received(api) - before < 100_000
    assert by_http(api, "b.bin", "ada/secret") == NOISE

    before = received(api)
    upload(api, "w.bin", WEIGHTS, "ada/secret")
    sent = received(api) - before
    before = received(api)
    upload(api, "w.bin", WEIGHTS)
    assert received(api) - before > 0.9 * sent
    api.update_repo_settings(repo, private=True)
    api.create_repo("ada/third")
    before = received(api)
    upload(api, "w.bin", WEIGHTS, "ada/third")
    assert received(api) - before > 0.9 * sent


def test_one_content_by_both_ways(api, repo, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(hf.constants, "HF_HUB_DISABLE_XET", True)
        upload(api, "lfs.bin", NOISE)
    assert xet_hashes(api)["lfs.bin"] is None
    upload(api, "xet.bin", WEIGHTS)
    with monkeypatch.context() as patch:
        patch.setattr(hf.constants, "HF_HUB_DISABLE_XET", True)
        before = received(api)
        upload(api, "again.bin", WEIGHTS)  # the LFS batch knows it
        assert received(api) - before < 100_000
        assert download(api, "again.bin", tmp_path / "plain") == WEIGHTS
    for path, content in {"lfs.bin": NOISE, "xet.bin": WEIGHTS, "again.bin": WEIGHTS}.items():
        assert download(api, path, tmp_path) == content


def test_many_files_in_one_commit(api, repo, tmp_path):
    operations = [CommitOperationAdd(f"f/{i}.bin", b"%d " % i * (20_000 + i)) for i in range(200)]
    api.create_commit(repo, operations, commit_message="many")
    hashes = xet_hashes(api)
    assert all(hashes[f"f/{i}.bin"] for i in range(200))
    for i in (0, 77, 199):
        assert by_http(api, f"f/{i}.bin") == b"%d " % i * (20_000 + i)


def test_ranges_of_a_file(api, repo):
    upload(api, "a.bin", NOISE)
    fs = hf.HfFileSystem(endpoint=api.endpoint, token=api.token)
    with fs.open(f"{REPO}/a.bin", "rb", block_size=100_000) as file:
        file.seek(1_234_567)
        assert file.read(500_000) == NOISE[1_234_567:1_734_567]


def test_who_may(serving, api, tmp_path):
    api.create_repo("ada/secret", private=True)
    upload(api, "a.bin", NOISE, "ada/secret")
    eve = hf.HfApi(endpoint=serving.endpoint, token=serving.token_add("eve", "--write"))
    reader = hf.HfApi(endpoint=serving.endpoint, token=serving.token_add("ada"))
    for kind, who, expected in [
        ("read", eve, 404),
        ("write", eve, 404),
        ("write", reader, 403),
        ("read", hf.HfApi(endpoint=serving.endpoint, token=False), 401),
    ]:
        request = urllib.request.Request(
            f"{serving.endpoint}/api/models/ada/secret/xet-{kind}-token/main"
        )
        if who.token:
            request.add_header("Authorization", f"Bearer {who.token}")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == expected
    assert download(reader, "a.bin", tmp_path, "ada/secret") == NOISE


def test_an_anonymous_reader(api, repo, tmp_path):
    upload(api, "a.bin", NOISE)
    assert download(api, "a.bin", tmp_path, token=False) == NOISE


def test_tokens_and_links_that_end_in_mid_download(hub, tmp_path):
    """The client asks for others, and goes on."""
    hub.stop()
    hub.start("--xet-life", "1")
    token = hub.token_add("ada", "--write")
    api = hf.HfApi(endpoint=hub.endpoint, token=token)
    api.create_repo(REPO)
    upload(api, "a.bin", NOISE)
    with SlowLinks(hub.endpoint) as slow:
        command = [sys.executable, "-m", "huggingface_hub.cli.hf", "download", REPO, "a.bin"]
        environment = {
            **os.environ,
            "HF_HOME": str(tmp_path / "home"),
            "HF_ENDPOINT": slow.url,
            "HF_TOKEN": token,
            "HF_XET_CLIENT_RETRY_BASE_DELAY": "100ms",  # else it rests longer than a link holds
        }
        subprocess.run([*command, "--local-dir", tmp_path], env=environment, check=True, timeout=60)
        assert slow.statuses == [403, 206]
        tokens = slow.requests("GET", "/xet-read-token/")
        assert len(tokens) > 1
    assert (tmp_path / "a.bin").read_bytes() == NOISE


class SlowLinks(FaultyHub):
    """A proxy that keeps the first request for a xorb until its link has ended."""

    def __enter__(self):
        self.statuses = []
        super().__enter__()
        handler = self.server.RequestHandlerClass
        forward = handler._forward

        def late(this):
            if "/xorbs/" in this.path and not self.statuses:
                time.sleep(2.1)
            answer = forward(this)
            if "/xorbs/" in this.path:
                self.statuses.append(answer.status)
            return answer

        handler._forward = late
        return self


def test_the_other_major_version(rerun_with_other_huggingface_hub):
    """These same tests with the other huggingface_hub."""
    rerun_with_other_huggingface_hub(__file__)
