"""Our hub as the real, unchanged modelscope sees it, in both generations; and modelscope://."""

import hashlib
import json
import os
import random
import subprocess
import sys
import urllib.request
from pathlib import Path

import huggingface_hub
import pytest

import folders
import hubdist
from folders import write

JOBS = Path(__file__).with_name("modelscope_jobs.py")
FILES = {
    "README.md": b"# A model\n",
    "config.json": b'{"model_type": "test"}\n',
    "empty.txt": b"",
    "model.safetensors": random.Random(1).randbytes(3 << 20),
    "a folder/with spaces.txt": b"spaces\n",
    "deep/er/est/leaf.bin": b"\x00\xff" * 500,
    "文件夹/名 前 %41+&?#.txt": "文\n".encode(),
}
MANY = {f"data/{i:03}.txt": b"%d\n" % i for i in range(220)}
NOTES = {".msc", ".mdl", ".mv"}  # what the clients leave beside the files


def read(folder: str | Path) -> dict[str, bytes]:
    files = folders.read(folder, {".cache", "._____temp"})
    return {path: content for path, content in files.items() if Path(path).name not in NOTES}


class ModelScope:
    """The real client as a user of its own, with a hub's address."""

    def __init__(self, packages: Path, endpoint: str, home: Path):
        self.new = "1.40" in packages.name
        self.endpoint = endpoint
        self.home = home
        home.mkdir()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("MODELSCOPE_")},
            "PYTHONPATH": str(packages),
            "HOME": str(home),
            "MODELSCOPE_CACHE": str(home / "cache"),
            # The old one knows no endpoint in the environment; its cookies go to this host.
            "MODELSCOPE_ENDPOINT" if self.new else "MODELSCOPE_DOMAIN": (
                endpoint if self.new else "127.0.0.1"
            ),
        }
        self.program = packages / "bin" / "modelscope"

    def calls(self, *jobs: tuple, **environment: str) -> list[dict]:
        """Of (function, *arguments, keyword arguments), all in one process."""
        asked = [[name, list(args), {"endpoint": self.endpoint, **kw}] for name, *args, kw in jobs]
        done = subprocess.run(
            [sys.executable, JOBS],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            env={**self.environment, **environment},
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-5000:]
        return json.loads(done.stdout)

    def call(self, function: str, *args, **kwargs) -> dict:
        return self.calls((function, *args, kwargs))[0]

    def run(self, *arguments) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, self.program, *map(str, arguments)],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=120,
        )


@pytest.fixture
def user(modelscope, hub, tmp_path) -> ModelScope:
    return ModelScope(modelscope, hub.endpoint, tmp_path / "home")


@pytest.fixture
def model(tmp_path) -> Path:
    return write(tmp_path / "model", FILES)


def test_models(hub, user, model, tmp_path):
    commit = hub.add(model, "org/my.model-1")
    write(model, {"config.json": b"{}\n"})
    hub.add(model, "org/my.model-1", "--revision", "next")
    whole, local, part, one, name, *revisions, empty = user.calls(
        ("snapshot_download", "org/my.model-1", {}),
        ("snapshot_download", "org/my.model-1", {"local_dir": str(tmp_path / "local")}),
        (
            "snapshot_download",
            "org/my.model-1",
            {"local_dir": str(tmp_path / "part"), "allow_patterns": ["deep/*"]},
        ),
        ("model_file_download", "org/my.model-1", "config.json", {}),
        ("model_file_download", "org/my.model-1", "文件夹/名 前 %41+&?#.txt", {}),
        *(
            (
                "model_file_download",
                "org/my.model-1",
                "config.json",
                {"revision": revision, "local_dir": str(tmp_path / revision)},
            )
            for revision in ("next", "main")
        ),
        ("model_file_download", "org/my.model-1", "empty.txt", {}),
    )
    assert read(whole["result"]) == FILES
    assert read(local["result"]) == FILES
    assert set(read(part["result"])) == {"deep/er/est/leaf.bin"}
    assert Path(one["result"]).read_bytes() == FILES["config.json"]
    assert Path(name["result"]).read_bytes() == "文\n".encode()
    assert [Path(r["result"]).read_bytes() for r in revisions] == [b"{}\n", FILES["config.json"]]
    assert Path(empty["result"]).read_bytes() == b""
    if user.new:  # the old one takes branches and tags alone
        at = user.call("snapshot_download", "org/my.model-1", revision=commit)
        assert read(at["result"]) == FILES
    else:
        assert user.call("commits", "org/my.model-1", "model")["result"] == [commit]


def test_data_sets(hub, user, tmp_path):
    files = {**FILES, **MANY}
    hub.add(write(tmp_path / "set", files), "org/set", "--type", "dataset")
    whole, part, one = user.calls(
        ("dataset_snapshot_download", "org/set", {}),
        (
            "dataset_snapshot_download",
            "org/set",
            {"local_dir": str(tmp_path / "part"), "allow_file_pattern": ["data/21*"]},
        ),
        ("dataset_file_download", "org/set", "a folder/with spaces.txt", {}),
    )
    assert read(whole["result"]) == files
    assert set(read(part["result"])) == {f"data/21{i}.txt" for i in range(10)}
    assert Path(one["result"]).read_bytes() == b"spaces\n"


def test_a_download_goes_on_where_it_was(hub, user, model):
    hub.stop()
    hub.start("--metrics")
    user.endpoint = hub.endpoint
    hub.add(model, "org/model")
    weights = FILES["model.safetensors"]
    local = user.home / "local"
    partial = "model.safetensors.incomplete" if user.new else "._____temp/model.safetensors"
    write(local, {partial: weights[: 1 << 20]})
    got = user.call("snapshot_download", "org/model", local_dir=str(local))
    assert read(got["result"]) == FILES
    with urllib.request.urlopen(f"{hub.endpoint}/metrics") as answer:
        numbers = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines())
    assert int(numbers["hubdist_sent_bytes_total"]) < len(weights) - (1 << 19)


def test_who_may_read_what(hub, user, model):
    hub.add(model, "ada/private", "--private")
    hub.add(model, "ada/gated", "--gated")
    token, stranger = hub.token_add("ada"), hub.token_add("eve")
    ask = [("model_file_download", f"ada/{name}", "README.md") for name in ("private", "gated")]
    refusals = [
        *((*job, how) for how in ({}, {"token": stranger}) for job in ask),
        (*ask[0], {"token": "hd_" + "0" * 40}),
        ("snapshot_download", "ada/none", {}),
    ]
    for refused in user.calls(*refusals):
        assert refused["raised"] in ("HTTPError", "AuthenticationError"), refused
    for got in user.calls(*((*job, {"token": token}) for job in ask)):
        assert Path(got["result"]).read_bytes() == FILES["README.md"], got
    by_environment = user.calls(
        ("snapshot_download", "ada/private", {}), MODELSCOPE_API_TOKEN=token
    )
    assert read(by_environment[0]["result"]) == FILES


def test_logging_in(hub, user, model):
    hub.add(model, "ada/private", "--private")
    token = hub.token_add("ada")
    wrong, right, private = user.calls(
        ("login", "hd_" + "0" * 40, {}),
        ("login", token, {}),
        ("snapshot_download", "ada/private", {}),
    )
    assert wrong["raised"] in ("HTTPError", "AuthenticationError")
    assert right == {"result": None}
    assert read(private["result"]) == FILES


def test_the_command_line(hub, user, model, tmp_path):
    hub.add(model, "org/model")
    hub.add(model, "org/set", "--type", "dataset")
    endpoint = [] if user.new else ["--endpoint", hub.endpoint]
    for kind in ("--model", "org/model"), ("--dataset", "org/set"):
        local = tmp_path / kind[0]
        done = user.run("download", *kind, "--local_dir", local, *endpoint)
        assert done.returncode == 0, done.stderr
        assert read(local) == FILES
    done = user.run("download", "--model", "org/none", "--local_dir", tmp_path / "none", *endpoint)
    assert done.returncode != 0


# --- modelscope:// --------------------------------------------------------------------------------


@pytest.fixture
def environment(hub, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "cache"))


def test_get(hub, hubdist_bin, environment, model, tmp_path):
    commit = hub.add(model, "org/model")

    def get(*arguments) -> dict:
        command = [hubdist_bin, "get", "--json", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout.splitlines()[-1])

    got = get("modelscope://org/model", "-o", tmp_path / "out")
    assert got["event"] == "result", got
    assert (got["commit"], got["verified"], got["files"]) == (commit, True, len(FILES))
    assert read(tmp_path / "out") == FILES
    assert get("modelscope://org/model", "-o", tmp_path / "out")["bytes_from_origin"] == 0
    one = get(f"modelscope://org/model@{commit}/deep/er/est/leaf.bin", "-o", tmp_path / "one")
    assert Path(one["path"]).read_bytes() == FILES["deep/er/est/leaf.bin"]
    missing = get("modelscope://org/model/none", "-o", tmp_path / "none")
    assert missing["code"] == "NOT_FOUND"
    assert get("modelscope://org/none", "-o", tmp_path / "none")["hub_error"] == "RepoNotFound"


@pytest.mark.parametrize("modelscope", ["1.40.2"], indirect=True)  # the old one's cache is another
def test_what_either_brings_the_other_finds(hub, user, environment, model, monkeypatch):
    hub.add(model, "org/model")
    cache = Path(user.environment["MODELSCOPE_CACHE"])
    monkeypatch.setenv("MODELSCOPE_CACHE", str(cache))
    path = hubdist.download("modelscope://org/model")
    assert Path(path) == cache / "models" / "org--model" / "snapshots" / "master"
    assert read(path) == FILES
    before = {p: p.stat().st_ino for p in Path(path).rglob("*.*") if p.is_file()}
    theirs = user.call("snapshot_download", "org/model")["result"]
    assert Path(theirs) == Path(path)
    assert before == {p: p.stat().st_ino for p in before}


def test_dedupe(hub, hubdist_bin, environment, model):
    hub.add(model, "org/model")
    weights = bytearray(FILES["model.safetensors"])
    weights[100:100] = b"new"
    write(model, {"model.safetensors": bytes(weights)})
    (model / "empty.txt").unlink()
    hub.add(model, "org/model")
    first = hub_commits(hub)[1]
    command = [hubdist_bin, "dedupe", "--json", f"modelscope://org/model@{first[:12]}"]
    command += ["modelscope://org/model/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    versions = json.loads(done.stdout.splitlines()[-1])["report"]["versions"]
    changes = {f["path"]: f["change"] for f in versions[1]["files"]}
    assert changes["empty.txt"] == "removed"
    assert changes["model.safetensors"] == "changed"
    assert 0 < versions[1]["new_bytes"] < len(weights) / 4


def hub_commits(hub) -> list[str]:
    api = huggingface_hub.HfApi(endpoint=hub.endpoint, token=False)
    return [c.commit_id for c in api.list_repo_commits("org/model")]


def test_python(hub, environment, model, tmp_path, monkeypatch):
    hub.add(model, "ada/private", "--private")
    with pytest.raises(FileNotFoundError) as caught:
        hubdist.download("modelscope://ada/private", local_dir=tmp_path / "no")
    assert "MODELSCOPE_API_TOKEN" in str(caught.value)
    token = hub.token_add("ada")
    options = hubdist.ClientOptions(modelscope_endpoint=hub.endpoint, modelscope_token=token)
    assert options.modelscope_endpoint == hub.endpoint
    assert token not in repr(options)
    client = hubdist.Client(options)
    listed = client.list("modelscope://ada/private")
    weights = FILES["model.safetensors"]
    assert {f.path: f.size for f in listed.files} == {p: len(c) for p, c in FILES.items()}
    info = client.stat("modelscope://ada/private/model.safetensors")
    assert info.identity.sha256 == hashlib.sha256(weights).hexdigest()
    part = client.read("modelscope://ada/private/model.safetensors", 10, 20)
    assert part == weights[10:20]
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", token)
    path = hubdist.download("modelscope://ada/private", local_dir=tmp_path / "yes")
    assert read(path) == FILES


def test_a_content_is_the_same_from_whichever_hub(
    hub, hubdist_bin, environment, model, tmp_path, monkeypatch
):
    hub.add(model, "org/model")
    monkeypatch.setenv("HUBDIST_HOME", str(tmp_path / "state"))
    options = hubdist.ClientOptions(
        endpoint=hub.endpoint, cache_dir=tmp_path / "hf", tracker="auto"
    )
    client = hubdist.Client(options)
    client.download_snapshot("org/model")
    command = [hubdist_bin, "get", "--json", "--tracker", "auto", "modelscope://org/model"]
    done = subprocess.run(
        [*command, "-o", tmp_path / "out"], capture_output=True, text=True, timeout=60
    )
    got = json.loads(done.stdout.splitlines()[-1])
    assert read(tmp_path / "out") == FILES
    # The one that git does not hold: of the others the Hub API tells no SHA-256.
    assert got["bytes_from_peers"] >= len(FILES["model.safetensors"]), got
    client.close()
