"""The formats of hubdist.xet against the real client, hf_xet: what it writes is read, and what we
write it takes."""

import hashlib
import random
import struct

import pytest

import hubdist
from hubdist import xet
from xet_cas import Cas, RealClient


def contents() -> dict[str, bytes]:
    draw = random.Random(5)
    noise = draw.randbytes(700_000)
    weights = b"".join(struct.pack("<f", draw.gauss(0, 0.02))[2:] for _ in range(150_000))
    text = " ".join(draw.choice(["load", "the", "model", "once"]) for _ in range(90_000)).encode()
    return {
        "noise": noise,
        "weights": weights,
        "text": text,
        "inserted": noise[:300_000] + b"a few bytes more" + noise[300_000:],
        "tiny": b"x",
    }


@pytest.fixture
def paths(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in contents().items():
        (folder / name).write_bytes(content)
    return sorted(folder.iterdir())


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def cas(request):
    server = Cas(version=request.param)
    yield server
    server.close()


def stored_xorbs(store):
    found = {}
    for path in (store / "xet/xorbs/xorbs").iterdir():
        if path.name.startswith("default.") and "." not in path.name.removeprefix("default."):
            found[path.name.removeprefix("default.")] = path
    return found


def content_of(file, chunks) -> bytes:
    return b"".join(b"".join(chunks[t.xorb][t.begin : t.end]) for t in file.terms)


def test_what_the_client_stores_is_read_and_verifies(tmp_path, paths):
    store = tmp_path / "store"
    infos = RealClient(tmp_path / "home", f"local://{store}").upload(paths)
    indexes, chunks = {}, {}
    for name, path in stored_xorbs(store).items():
        data = path.read_bytes()
        indexes[name] = xet.verify_xorb(data, name)
        assert data[indexes[name].packed_size :] == indexes[name].footer()
        chunks[name] = xet.unpack_chunks(data)
        assert [len(c) for c in chunks[name]] == [c.size for c in indexes[name].chunks]
    shards = [xet.Shard(p.read_bytes()) for p in (store / "xet/xorbs/shards").glob("*.mdb")]
    assert shards
    for shard in shards:
        shard.check(list(indexes.values()))
    files = {file.hash: file for shard in shards for file in shard.files}
    for name, content in contents().items():
        assert infos[name]["hash"] == hubdist.make_manifest(content).file_hash
        file = files[infos[name]["hash"]]
        assert content_of(file, chunks) == content
        for term, stated in zip(file.terms, file.range_hashes, strict=True):
            run = indexes[term.xorb].chunks[term.begin : term.end]
            assert xet.range_hash([chunk.hash for chunk in run]) == stated
        assert file.sha256 == infos[name]["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("scheme", ["none", "lz4", "bg4-lz4", None])
def test_the_client_reads_xorbs_and_shards_that_we_wrote(tmp_path, paths, scheme):
    store = tmp_path / "store"
    client = RealClient(tmp_path / "home", f"local://{store}")
    infos = client.upload(paths)
    for name, path in stored_xorbs(store).items():
        builder = xet.XorbBuilder()
        for chunk in xet.unpack_chunks(path.read_bytes()):
            builder.add(chunk, scheme)
        data, index = builder.finish()
        assert index.hash == name
        path.chmod(0o644)
        path.write_bytes(data + index.footer())
    for path in (store / "xet/xorbs/shards").glob("*.mdb"):
        shard, builder = xet.Shard(path.read_bytes()), xet.ShardBuilder()
        for file in shard.files:
            builder.add_file(file)
        for xorb in shard.xorbs:
            builder.add_xorb(xorb)
        path.chmod(0o644)
        path.write_bytes(builder.stored_form(created=1))
        assert xet.Shard(path.read_bytes()).lookup_count > shard.lookup_count
    assert client.download(infos, tmp_path / "out") == contents()


def test_uploads_and_downloads_through_our_formats(tmp_path, paths, cas):
    infos = RealClient(tmp_path / "home", cas.endpoint).upload(paths)
    assert cas.xorbs
    assert cas.shards
    for name, content in contents().items():
        assert infos[name]["hash"] == hubdist.make_manifest(content).file_hash
    # What it uploads is what our builders make of it.
    for body in cas.shards:
        builder, shard = xet.ShardBuilder(), xet.Shard(body)
        for file in shard.files:
            builder.add_file(file)
        for xorb in shard.xorbs:
            builder.add_xorb(xorb)
        assert builder.upload_form() == body

    reader = RealClient(tmp_path / "other home", cas.endpoint)
    assert reader.download(infos, tmp_path / "out") == contents()
    assert "v2" in cas.reconstructions
    assert ("v1" in cas.reconstructions) == (cas.version == 1)


def test_a_keyed_shard_spares_the_client_the_upload(tmp_path, paths):
    cas = Cas()
    try:
        first = RealClient(tmp_path / "home", cas.endpoint).upload(paths)
        before = set(cas.xorbs)
        assert cas.asked
        again = RealClient(tmp_path / "another home", cas.endpoint).upload(paths)
        assert again == first
        new = set(cas.xorbs) - before
        assert sum(len(cas.xorbs[n]) for n in new) < sum(len(cas.xorbs[n]) for n in before) / 10
        reader = RealClient(tmp_path / "third home", cas.endpoint)
        assert reader.download(again, tmp_path / "out") == contents()
    finally:
        cas.close()


def test_ranges_are_answered_by_the_fewest_chunks(tmp_path, paths):
    cas = Cas()
    try:
        infos = RealClient(tmp_path / "home", cas.endpoint).upload(paths)
        chunks = {name: xet.unpack_chunks(data) for name, data in cas.xorbs.items()}
        draw = random.Random(1)
        for name, content in contents().items():
            for _ in range(20):
                begin = draw.randrange(len(content))
                end = draw.randrange(begin, len(content)) + 1
                text = cas.reconstruct(2, infos[name]["hash"], (begin, end))
                answer = xet.parse_reconstruction(text)
                got = content_of(answer, chunks)[answer.offset_into_first_range :]
                assert got[: end - begin] == content[begin:end]
                assert answer.size - (end - begin) < hubdist.MAX_CHUNK_SIZE
    finally:
        cas.close()


def test_wrong_bytes_raise(tmp_path):
    builder = xet.XorbBuilder()
    builder.add(b"some bytes")
    data, index = builder.finish()
    assert xet.verify_xorb(data, index.hash).hash == index.hash
    with pytest.raises(hubdist.DataLossError):
        xet.verify_xorb(data[:-1] + b"?", index.hash)
    with pytest.raises(hubdist.InvalidArgumentError):
        xet.verify_xorb(data[:-1], index.hash)
    with pytest.raises(hubdist.InvalidArgumentError):
        xet.Shard(data)
    with pytest.raises(hubdist.InvalidArgumentError):
        xet.parse_reconstruction("{}")
    with pytest.raises(hubdist.InvalidArgumentError):
        builder.add(b"x", "zip")
    terms = [xet.Term(index.hash, 0, 1, 10)]
    with pytest.raises(hubdist.OutOfRangeError):
        xet.plan_reconstruction(terms, [index], lambda *_: "u", (10, 11))
    with pytest.raises(hubdist.NotFoundError):
        xet.plan_reconstruction(terms, [], lambda *_: "u")
