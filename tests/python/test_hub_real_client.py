"""Our hub as the real, unchanged huggingface_hub sees it."""

import hashlib
import os
import random
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import huggingface_hub as hf
import pytest
from huggingface_hub import errors

from folders import read, write
from hub_writer import check_commit_id, lfs_files

WEIGHTS = random.Random(1).randbytes(3 << 20)
FILES = {
    ".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
    "README.md": b"# A model\n",
    "config.json": b'{"model_type": "test"}\n',
    "empty.txt": b"",
    "model.safetensors": WEIGHTS,
    "a folder/with spaces.txt": b"spaces\n",
    "deep/er/est/leaf.bin": b"\x00\xff" * 500,
    "文件夹/名 前 %41+&?#.txt": "文\n".encode(),
}


@pytest.fixture
def model(tmp_path) -> Path:
    return write(tmp_path / "model", FILES)


@pytest.fixture
def commit(hub, model) -> str:
    return hub.add(model, "org/model")


@pytest.fixture
def api(hub) -> hf.HfApi:
    return hf.HfApi(endpoint=hub.endpoint, token=False)


# --- Downloads ------------------------------------------------------------------------------------


def test_snapshot_download(hub, commit, tmp_path):
    path = hf.snapshot_download("org/model", endpoint=hub.endpoint, cache_dir=tmp_path / "cache")
    assert Path(path).name == commit
    assert read(path) == FILES


def test_snapshot_download_into_a_folder(hub, commit, tmp_path):
    local = tmp_path / "local"
    hf.snapshot_download(
        "org/model", endpoint=hub.endpoint, local_dir=local, allow_patterns=["*.json", "文件夹/*"]
    )
    assert set(read(local)) == {"config.json", "文件夹/名 前 %41+&?#.txt"}


def test_each_file_alone(hub, commit, tmp_path):
    for path, content in FILES.items():
        got = hf.hf_hub_download(
            "org/model", path, endpoint=hub.endpoint, cache_dir=tmp_path / "cache"
        )
        assert Path(got).read_bytes() == content


def test_etags_name_the_blobs_as_on_the_real_hub(hub, commit, tmp_path):
    cache = tmp_path / "cache"
    path = hf.snapshot_download("org/model", endpoint=hub.endpoint, cache_dir=cache)
    blob = Path(path, "model.safetensors").resolve().name
    assert blob == hashlib.sha256(WEIGHTS).hexdigest()
    config = FILES["config.json"]
    git = hashlib.sha1(b"blob %d\0" % len(config) + config).hexdigest()
    assert Path(path, "config.json").resolve().name == git


def test_nothing_moves_twice(hub, commit, model, tmp_path):
    cache = tmp_path / "cache"
    first = hf.snapshot_download("org/model", endpoint=hub.endpoint, cache_dir=cache)
    (model / "config.json").write_bytes(b"{}\n")
    (model / "README.md").unlink()
    second_commit = hub.add(model, "org/model")
    second = hf.snapshot_download("org/model", endpoint=hub.endpoint, cache_dir=cache)
    assert Path(second).name == second_commit != commit
    wanted = {**FILES, "config.json": b"{}\n"}
    del wanted["README.md"]
    assert read(second) == wanted
    same = "model.safetensors"
    assert Path(first, same).resolve() == Path(second, same).resolve()
    # The old revision is still there by its id.
    old = hf.hf_hub_download(
        "org/model", "README.md", revision=commit, endpoint=hub.endpoint, cache_dir=tmp_path / "c2"
    )
    assert Path(old).read_bytes() == FILES["README.md"]


def test_by_environment_alone(hub, commit, tmp_path):
    script = "import huggingface_hub as h; print(h.snapshot_download('org/model'))"
    environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert read(done.stdout.strip()) == FILES


# --- What is there --------------------------------------------------------------------------------


def test_model_info(hub, api, commit):
    info = api.model_info("org/model")
    assert (info.id, info.sha, info.author) == ("org/model", commit, "org")
    assert (info.private, info.gated) == (False, False)
    assert {s.rfilename for s in info.siblings} == set(FILES)
    detailed = api.model_info("org/model", files_metadata=True)
    assert {s.rfilename: s.size for s in detailed.siblings} == {p: len(c) for p, c in FILES.items()}
    assert lfs_files(detailed) == {"model.safetensors"}
    (weights,) = (s for s in detailed.siblings if s.lfs)
    assert weights.lfs["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    assert api.model_info("org/model", expand=["sha", "gated"]).siblings is None
    assert api.repo_exists("org/model")
    assert not api.repo_exists("org/other")
    assert api.revision_exists("org/model", "main")
    assert not api.revision_exists("org/model", "dev")
    assert api.file_exists("org/model", "文件夹/名 前 %41+&?#.txt")
    assert not api.file_exists("org/model", "no.txt")


def test_lists_of_files(api, commit):
    assert set(api.list_repo_files("org/model")) == set(FILES)
    tree = {e.path: e for e in api.list_repo_tree("org/model", recursive=True)}
    folders = {"a folder", "deep", "deep/er", "deep/er/est", "文件夹"}
    assert set(tree) == set(FILES) | folders
    assert tree["model.safetensors"].lfs.size == len(WEIGHTS)
    top = {e.path for e in api.list_repo_tree("org/model")}
    assert top == {p.split("/")[0] for p in FILES}
    below = {e.path for e in api.list_repo_tree("org/model", "deep/er")}
    assert below == {"deep/er/est"}
    with pytest.raises(errors.EntryNotFoundError):
        list(api.list_repo_tree("org/model", "nowhere"))


def test_paths_info(api, commit):
    infos = api.get_paths_info("org/model", ["config.json", "deep", "no"], expand=True)
    assert [i.path for i in infos] == ["config.json", "deep"]
    assert infos[0].last_commit.oid == commit
    assert isinstance(infos[1], hf.hf_api.RepoFolder)
    many = [f"no-{i}" for i in range(3000)] + ["README.md"]
    assert [i.path for i in api.get_paths_info("org/model", many)] == ["README.md"]


def test_pages(hub, api, tmp_path):
    files = {f"part-{i // 100}/{i:04}.txt": b"%d" % i for i in range(2345)}
    hub.add(write(tmp_path / "many", files), "org/many")
    assert set(api.list_repo_files("org/many")) == set(files)
    expanded = list(api.list_repo_tree("org/many", "part-3", expand=True))
    assert len(expanded) == 100
    assert all(e.last_commit for e in expanded)


def test_history_and_refs(hub, api, commit, model):
    (model / "config.json").write_bytes(b"{}\n")
    second = hub.add(model, "org/model", "--message", "Empty the <config>\n\nIt was too long.")
    branch = hub.add(model, "org/model", "--revision", "feature/x")
    history = api.list_repo_commits("org/model", formatted=True)
    assert [c.commit_id for c in history] == [second, commit]
    assert history[0].title == "Empty the <config>"
    assert history[0].message == "It was too long."
    assert history[0].formatted_title == "Empty the &lt;config&gt;"
    refs = api.list_repo_refs("org/model", include_pull_requests=True)
    assert {b.name: b.target_commit for b in refs.branches} == {"main": second, "feature/x": branch}
    assert (refs.tags, refs.converts, refs.pull_requests) == ([], [], [])
    last = {e.path: e.last_commit.oid for e in api.list_repo_tree("org/model", expand=True)}
    assert last["config.json"] == second
    assert last["README.md"] == last["deep"] == commit


@pytest.mark.parametrize("spelling", ["feature/x", "refs/heads/feature/x"])
def test_revisions_with_slashes(hub, api, model, tmp_path, spelling):
    commit = hub.add(model, "org/model", "--revision", "feature/x")
    path = hf.hf_hub_download(
        "org/model",
        "a folder/with spaces.txt",
        revision=spelling,
        endpoint=hub.endpoint,
        cache_dir=tmp_path / "cache",
    )
    assert Path(path).read_bytes() == b"spaces\n"
    assert api.model_info("org/model", revision=spelling).sha == commit
    assert api.model_info("org/model", revision=commit[:8]).sha == commit


def test_data_sets_and_spaces(hub, api, model, tmp_path):
    for kind, info in (("dataset", api.dataset_info), ("space", api.space_info)):
        commit = hub.add(model, "org/thing", "--type", kind)
        assert info("org/thing").sha == commit
        path = hf.snapshot_download(
            "org/thing", repo_type=kind, endpoint=hub.endpoint, cache_dir=tmp_path / "cache"
        )
        assert read(path) == FILES
    assert not api.repo_exists("org/thing")


def test_an_empty_repository(hub, api, tmp_path):
    (tmp_path / "empty").mkdir()
    hub.add(tmp_path / "empty", "org/empty")
    assert api.list_repo_files("org/empty") == []
    assert api.model_info("org/empty").siblings == []
    path = hf.snapshot_download("org/empty", endpoint=hub.endpoint, cache_dir=tmp_path / "cache")
    # huggingface_hub makes no folder for a snapshot without files.
    assert not Path(path).exists() or read(path) == {}


def test_lists_of_repositories(hub, api, model):
    for i in range(3):
        hub.add(model, f"org/model-{i}")
    hub.add(model, "other/MODEL-x")
    hub.add(model, "org/hidden", "--private")
    names = {"org/model-0", "org/model-1", "org/model-2", "other/MODEL-x"}
    assert {m.id for m in api.list_models()} == names
    assert {m.id for m in api.list_models(author="other")} == {"other/MODEL-x"}
    assert {m.id for m in api.list_models(search="model-X")} == {"other/MODEL-x"}
    assert len(list(api.list_models(sort="last_modified", limit=2))) == 2
    (full,) = api.list_models(author="other", full=True)
    assert {s.rfilename for s in full.siblings} == set(FILES)
    own = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("org"))
    assert "org/hidden" in {m.id for m in own.list_models()}


# --- HfFileSystem ---------------------------------------------------------------------------------


def test_file_system(hub, commit):
    fs = hf.HfFileSystem(endpoint=hub.endpoint, token=False, skip_instance_cache=True)
    root = "org/model"
    assert {p.removeprefix(root + "/") for p in fs.find(root)} == set(FILES)
    assert fs.isdir(f"{root}/deep")
    assert fs.isfile(f"{root}/config.json")
    assert not fs.exists(f"{root}/no")
    assert fs.info(f"{root}/model.safetensors")["size"] == len(WEIGHTS)
    assert fs.ls(f"{root}/config.json", detail=False) == [f"{root}/config.json"]
    assert fs.glob(f"{root}/*.json") == [f"{root}/config.json"]
    assert fs.glob(f"{root}/deep/**/*.bin") == [f"{root}/deep/er/est/leaf.bin"]
    with fs.open(f"{root}/model.safetensors", "rb", block_size=1 << 18) as file:
        file.seek(1_000_001)
        assert file.read(700_000) == WEIGHTS[1_000_001:1_700_001]
        file.seek(-5, 2)
        assert file.read() == WEIGHTS[-5:]
    with fs.open(f"{root}/文件夹/名 前 %41+&?#.txt", "rb") as file:
        assert file.read() == FILES["文件夹/名 前 %41+&?#.txt"]
    with fs.open(f"{root}@{commit}/README.md", "r") as file:
        assert file.read() == "# A model\n"
    assert fs.cat_file(f"{root}/model.safetensors", start=10, end=20) == WEIGHTS[10:20]
    detailed = fs.ls(root, detail=True, expand_info=True)
    assert all(e["last_commit"].oid == commit for e in detailed)


# --- Who may what ---------------------------------------------------------------------------------


def test_a_private_repository(hub, api, model, tmp_path):
    hub.add(model, "ada/secret", "--private", "--reader", "bob")
    tokens = {name: hub.token_add(name) for name in ("ada", "bob", "eve")}
    for name in ("ada", "bob"):
        path = hf.snapshot_download(
            "ada/secret", endpoint=hub.endpoint, token=tokens[name], cache_dir=tmp_path / name
        )
        assert read(path) == FILES
        assert api.model_info("ada/secret", token=tokens[name]).private
    for token in (False, tokens["eve"]):
        for repo in ("ada/secret", "ada/nothing"):
            with pytest.raises(errors.RepositoryNotFoundError) as absent:
                api.model_info(repo, token=token)
            assert absent.value.response.status_code == (404 if token else 401)
            with pytest.raises(errors.RepositoryNotFoundError):
                hf.hf_hub_download(
                    repo, "config.json", endpoint=hub.endpoint, token=token, cache_dir=tmp_path
                )


def test_forbidden_and_absent_look_the_same(hub, model):
    hub.add(model, "ada/secret", "--private")
    token = hub.token_add("eve")
    answers = []
    for repo in ("ada/secret", "ada/nothing"):
        request = urllib.request.Request(f"{hub.endpoint}/api/models/{repo}/tree/main")
        request.add_header("Authorization", f"Bearer {token}")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        headers = {k: v for k, v in refused.value.headers.items() if k not in ("X-Request-Id",)}
        headers.pop("Date")
        answers.append((refused.value.code, headers, refused.value.read()))
    assert answers[0] == answers[1]


def test_a_gated_repository(hub, api, model, tmp_path):
    hub.add(model, "ada/gated", "--gated", "--reader", "bob")
    bob, eve = hub.token_add("bob"), hub.token_add("eve")
    assert api.model_info("ada/gated").gated == "manual"
    assert set(api.list_repo_files("ada/gated")) == set(FILES)
    for token, status in ((False, 401), (eve, 403)):
        with pytest.raises(errors.GatedRepoError) as refused:
            hf.hf_hub_download(
                "ada/gated", "config.json", endpoint=hub.endpoint, token=token, cache_dir=tmp_path
            )
        assert refused.value.response.status_code == status
        with pytest.raises(errors.GatedRepoError):
            api.auth_check("ada/gated", token=token)
    api.auth_check("ada/gated", token=bob)
    path = hf.snapshot_download(
        "ada/gated", endpoint=hub.endpoint, token=bob, cache_dir=tmp_path / "bob"
    )
    assert read(path) == FILES


def test_tokens(hub, api, commit):
    token = hub.token_add("ada")
    assert token != hub.token_add("ada")
    assert api.whoami(token=token)["name"] == "ada"
    with pytest.raises(errors.HfHubHTTPError) as wrong:
        api.model_info("org/model", token="hf_wrong")
    assert wrong.value.response.status_code == 401
    assert not isinstance(wrong.value, errors.RepositoryNotFoundError)
    with pytest.raises(errors.HfHubHTTPError):
        api.whoami(token="hf_wrong")


def test_only_the_hash_of_a_token_is_kept(hub):
    token = hub.token_add("ada").encode()
    kept = b"".join(p.read_bytes() for p in hub.root.rglob("*") if p.is_file())
    assert b"ada" in kept
    assert token not in kept
    assert token.removeprefix(b"hd_") not in kept


def test_adding_again_keeps_a_repository_private(hub, api, model):
    hub.add(model, "ada/secret", "--private")
    (model / "config.json").write_bytes(b"{}")
    hub.add(model, "ada/secret")
    assert not api.repo_exists("ada/secret")
    hub.add(model, "ada/secret", "--public")
    assert api.repo_exists("ada/secret")


# --- What is not there ----------------------------------------------------------------------------


def test_missing_things(hub, api, commit, tmp_path):
    where = {"endpoint": hub.endpoint, "cache_dir": tmp_path / "cache"}
    with pytest.raises(errors.RevisionNotFoundError):
        hf.hf_hub_download("org/model", "config.json", revision="nope", **where)
    with pytest.raises(errors.RevisionNotFoundError):
        hf.snapshot_download("org/model", revision="0" * 40, **where)
    with pytest.raises(errors.EntryNotFoundError) as missing:
        hf.hf_hub_download("org/model", "nope.txt", **where)
    assert missing.value.response.headers["X-Repo-Commit"] == commit
    noted = tmp_path / "cache" / "models--org--model" / ".no_exist" / commit / "nope.txt"
    assert noted.exists()
    with pytest.raises(errors.EntryNotFoundError):
        hf.hf_hub_download("org/model", "deep", **where)  # a folder


def test_git_agrees(hub, api, model, tmp_path):
    """The ids of files, folders and the commit are git's."""
    files = {p: c for p, c in FILES.items() if p not in ("model.safetensors", ".gitattributes")}
    folder = write(tmp_path / "plain", files)
    (folder / "README.md").chmod(0o755)
    commit = hub.add(folder, "org/plain")
    # An LFS file is its pointer to git.
    repo = write(tmp_path / "repo", files)
    (repo / "README.md").chmod(0o755)
    leaf = FILES["deep/er/est/leaf.bin"]
    pointer = (
        "version https://git-lfs.github.com/spec/v1\n"
        f"oid sha256:{hashlib.sha256(leaf).hexdigest()}\nsize {len(leaf)}\n"
    )
    (repo / "deep/er/est/leaf.bin").write_text(pointer)

    def git(*arguments, **options) -> str:
        command = ["git", "-C", repo, "-c", "core.quotepath=off", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout

    git("init", "--quiet")
    git("add", "--all")
    entries = {e.path: e for e in api.list_repo_tree("org/plain", recursive=True)}
    tree = git("write-tree").strip()
    for line in git("ls-tree", "-r", "-t", "-z", tree).rstrip("\0").split("\0"):
        (_, kind, oid), path = line.split("\t")[0].split(), line.split("\t")[1]
        entry = entries.pop(path)
        assert (entry.blob_id if kind == "blob" else entry.tree_id) == oid, path
    assert not entries
    check_commit_id(hub, repo, commit)


def test_the_other_major_version(rerun_with_other_huggingface_hub):
    """These same tests with the other huggingface_hub."""
    rerun_with_other_huggingface_hub(__file__)
