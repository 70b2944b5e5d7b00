"""Many clients at once, and clients that wait: what the hub takes, and what it costs."""

import hashlib
import http.client
import json
import random
import re
import threading
import time
from urllib.parse import urlsplit

import huggingface_hub as hf
import pytest

import hubdist
from hubdist import xet

SIZE = 4 << 20


def peak_memory(process) -> int:
    """Of a process, in bytes."""
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) * 1024


@pytest.fixture
def api(hub, monkeypatch) -> hf.HfApi:
    monkeypatch.setattr(hf.constants, "HF_HUB_DISABLE_XET", True)
    api = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("ada", "--write"))
    api.create_repo("ada/model")
    return api


def upload_links(api, contents: list[bytes]) -> list[str]:
    """Where each content is to be put."""
    host = urlsplit(api.endpoint).netloc
    objects = [{"oid": hashlib.sha256(c).hexdigest(), "size": len(c)} for c in contents]
    connection = http.client.HTTPConnection(host)
    connection.request(
        "POST",
        "/ada/model.git/info/lfs/objects/batch",
        json.dumps({"operation": "upload", "transfers": ["basic"], "objects": objects}),
        {"Authorization": f"Bearer {api.token}"},
    )
    answer = json.load(connection.getresponse())
    return [o["actions"]["upload"]["href"] for o in answer["objects"]]


def test_sixty_four_uploads_at_once(hub, api):
    """Memory does not grow with the number and size of files that are on their way in."""
    base = random.Random(1).randbytes(SIZE)
    contents = [b"%02d" % i + base for i in range(64)]
    links = upload_links(api, contents)
    together = threading.Barrier(64)
    statuses = []

    def put(link: str, content: bytes) -> None:
        where = urlsplit(link)
        connection = http.client.HTTPConnection(where.netloc)
        connection.putrequest("PUT", f"{where.path}?{where.query}")
        connection.putheader("Content-Length", str(len(content)))
        connection.endheaders()
        connection.send(content[: SIZE // 2])
        together.wait(60)  # all are half way in now
        connection.send(content[SIZE // 2 :])
        statuses.append(connection.getresponse().status)

    threads = [threading.Thread(target=put, args=pair) for pair in zip(links, contents)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 64
    assert peak_memory(hub.process) < 256 << 20


def test_sixty_four_xet_uploads_at_once(hub, api):
    """Xorbs that are verified while they come in, then the shards that tell of them."""
    base = random.Random(3).randbytes(SIZE)
    request = {"Authorization": f"Bearer {api.token}"}
    host = urlsplit(api.endpoint).netloc
    connection = http.client.HTTPConnection(host)
    connection.request("GET", "/api/models/ada/model/xet-write-token/main", None, request)
    answer = json.load(connection.getresponse())
    cas = urlsplit(answer["casUrl"]).path
    bearer = {"Authorization": f"Bearer {answer['accessToken']}"}
    together = threading.Barrier(64)
    statuses = []

    def post(path: str, body: bytes) -> int:
        """Comes again when told to."""
        while True:
            connection = http.client.HTTPConnection(host)
            connection.request("POST", cas + path, body, bearer)
            status = connection.getresponse().status
            if status != 503:
                return status
            time.sleep(0.2)

    def upload(i: int) -> None:
        content = b"%02d" % i + base
        file = hubdist.make_manifest(content)
        builder = xet.XorbBuilder()
        begin = 0
        for chunk in file.chunks:
            builder.add(content[begin : begin + chunk.size], "none")
            begin += chunk.size
        body, index = builder.finish()
        connection = http.client.HTTPConnection(host)
        connection.putrequest("POST", f"{cas}/v1/xorbs/default/{index.hash}")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Authorization", bearer["Authorization"])
        connection.endheaders()
        connection.send(body[: len(body) // 2])
        together.wait(60)  # all are half way in now
        connection.send(body[len(body) // 2 :])
        statuses.append(connection.getresponse().status)
        term = xet.Term(index.hash, 0, len(index.chunks), len(content))
        shard = xet.ShardBuilder()
        shard.add_xorb(index)
        proof = xet.range_hash([chunk.hash for chunk in index.chunks])
        shard.add_file(xet.FileRecord(file.file_hash, [term], [proof]))
        statuses.append(post("/v1/shards", shard.upload_form()))

    threads = [threading.Thread(target=upload, args=(i,)) for i in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 128
    assert peak_memory(hub.process) < 512 << 20


def test_the_real_client_comes_again(hub, api, tmp_path):
    """A hub that is busy says so before it reads the body; the client waits, and tries again."""
    hub.stop()
    hub.start("--max-uploads", "1")
    api = hf.HfApi(endpoint=hub.endpoint, token=api.token)
    content = random.Random(2).randbytes(SIZE)
    (link,) = upload_links(api, [content])
    where = urlsplit(link)
    slow = http.client.HTTPConnection(where.netloc)
    slow.putrequest("PUT", f"{where.path}?{where.query}")
    slow.putheader("Content-Length", str(SIZE))
    slow.endheaders()
    slow.send(content[:1000])

    def finish() -> None:
        time.sleep(1)
        slow.send(content[1000:])
        slow.getresponse().read()

    finisher = threading.Thread(target=finish)
    finisher.start()
    try:
        other = content[::-1]
        api.upload_file(
            path_or_fileobj=other, path_in_repo="other.safetensors", repo_id="ada/model"
        )
        path = hf.hf_hub_download(
            "ada/model", "other.safetensors", endpoint=hub.endpoint, cache_dir=tmp_path
        )
        with open(path, "rb") as file:
            assert file.read() == other
    finally:
        finisher.join()
