"""Our hub as the real, unchanged huggingface_hub writes to it, by LFS and in commits."""

import hashlib
import io
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import huggingface_hub as hf
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, errors

REPO = "ada/model"
WEIGHTS = random.Random(1).randbytes((3 << 20) + 12345)
NAME = "文件夹/名 前 %41+&?#.txt"


@pytest.fixture(autouse=True)
def without_xet(monkeypatch):
    """What HF_HUB_DISABLE_XET=1 does, which is read when huggingface_hub is imported."""
    monkeypatch.setattr(hf.constants, "HF_HUB_DISABLE_XET", True)


@pytest.fixture
def token(hub) -> str:
    return hub.token_add("ada", "--write")


@pytest.fixture
def api(hub, token) -> hf.HfApi:
    return hf.HfApi(endpoint=hub.endpoint, token=token)


@pytest.fixture
def repo(api) -> str:
    api.create_repo(REPO)
    return REPO


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def contents(api, repo: str, folder: Path, **options) -> dict[str, bytes]:
    """What a snapshot of the repository holds, without .gitattributes."""
    path = Path(
        hf.snapshot_download(
            repo, endpoint=api.endpoint, token=api.token, cache_dir=folder, **options
        )
    )
    files = {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    files.pop(".gitattributes")
    return files


def put(api, path: str, content: bytes, repo: str = REPO, **options) -> str:
    """Uploads one file; the commit's id."""
    return api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo, **options).oid


# --- Repositories ---------------------------------------------------------------------------------


def test_a_new_repository(api, repo):
    url = api.create_repo(repo, exist_ok=True)
    assert (url.repo_id, url.endpoint) == (repo, api.endpoint)
    with pytest.raises(errors.HfHubHTTPError) as there:
        api.create_repo(repo)
    assert there.value.response.status_code == 409
    assert api.list_repo_files(repo) == [".gitattributes"]
    (first,) = api.list_repo_commits(repo)
    assert (first.title, first.authors) == ("initial commit", ["ada"])
    assert api.repo_info(repo).author == "ada"
    assert not api.repo_info(repo).private


def test_data_sets_spaces_and_names_alone(api):
    assert api.create_repo("ada/data", repo_type="dataset").repo_type == "dataset"
    assert api.create_repo("ada/space", repo_type="space", space_sdk="static").repo_id
    assert api.create_repo("mine").repo_id == "ada/mine"
    put(api, "a.parquet", b"PAR1", "ada/data", repo_type="dataset")
    assert api.file_exists("ada/data", "a.parquet", repo_type="dataset")


def test_settings(hub, api, repo):
    eve = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("eve", "--write"))
    api.update_repo_settings(repo, private=True)
    assert not eve.repo_exists(repo)
    assert api.repo_info(repo).private
    api.update_repo_settings(repo, private=False, gated="manual")
    assert eve.repo_info(repo).gated == "manual"
    api.update_repo_settings(repo, gated=False)
    assert eve.repo_info(repo).gated is False
    api.create_repo("ada/secret", private=True)
    assert not eve.repo_exists("ada/secret")


def test_move(api, repo, tmp_path):
    commit = put(api, "model.safetensors", WEIGHTS)
    api.create_repo("ada/other")
    with pytest.raises(errors.HfHubHTTPError) as there:
        api.move_repo(repo, "ada/other")
    assert there.value.response.status_code == 409
    api.move_repo(repo, "ada/renamed")
    assert api.repo_info("ada/renamed").sha == commit
    assert api.repo_info(repo).id == "ada/renamed"  # the old name leads there
    assert contents(api, "ada/renamed", tmp_path) == {"model.safetensors": WEIGHTS}
    api.create_repo(repo)  # until something else takes it
    assert api.list_repo_files(repo) == [".gitattributes"]
    api.move_repo("ada/renamed", "ada/again")
    assert api.repo_info("ada/again").sha == commit
    assert {m.id for m in api.list_models()} == {repo, "ada/again", "ada/other"}


def test_delete(api, repo):
    old = put(api, "a.txt", b"a")
    api.delete_repo(repo)
    assert not api.repo_exists(repo)
    with pytest.raises(errors.RepositoryNotFoundError):
        api.delete_repo(repo)
    api.delete_repo(repo, missing_ok=True)
    api.create_repo(repo)
    assert api.list_repo_files(repo) == [".gitattributes"]
    assert not api.revision_exists(repo, old)  # nothing of the old one is in the new one


# --- Files and folders ----------------------------------------------------------------------------


def test_files_of_each_kind(api, repo, tmp_path):
    local = write(tmp_path, {"local.bin": WEIGHTS})
    put(api, "README.md", b"---\nlicense: mit\n---\n# A model\n")
    put(api, NAME, "文\n".encode())
    put(api, "empty.bin", b"")
    put(api, "model.safetensors", WEIGHTS)
    put(api, "deep/er/copy.bin", local / "local.bin")
    put(api, "object.npy", io.BytesIO(WEIGHTS[:1000]))
    assert contents(api, repo, tmp_path / "cache") == {
        "README.md": b"---\nlicense: mit\n---\n# A model\n",
        NAME: "文\n".encode(),
        "empty.bin": b"",
        "model.safetensors": WEIGHTS,
        "deep/er/copy.bin": WEIGHTS,
        "object.npy": WEIGHTS[:1000],
    }
    infos = {i.path: i for i in api.get_paths_info(repo, ["empty.bin", "object.npy", "README.md"])}
    assert infos["object.npy"].lfs.sha256 == hashlib.sha256(WEIGHTS[:1000]).hexdigest()
    assert infos["empty.bin"].lfs is None
    assert infos["README.md"].lfs is None
    tree = {e.path for e in api.list_repo_tree(repo, recursive=True)}
    assert {"deep", "deep/er", "deep/er/copy.bin"} <= tree


def test_the_same_again_makes_no_commit(api, repo):
    first = put(api, "a.txt", b"a")
    assert put(api, "a.txt", b"a") == first
    big = put(api, "model.safetensors", WEIGHTS)
    assert put(api, "model.safetensors", WEIGHTS) == big
    assert len(api.list_repo_commits(repo)) == 3


def test_upload_folder(api, repo, tmp_path):
    files = {
        ".gitignore": b"*.tmp\n/build/\n!keep.tmp\n",
        "a.txt": b"a",
        "b/model.safetensors": WEIGHTS,
        "b/c/empty": b"",
        "x.tmp": b"ignored",
        "keep.tmp": b"kept",
        "build/out.txt": b"ignored",
        NAME: b"name",
    }
    folder = write(tmp_path / "folder", files)
    api.upload_folder(folder_path=folder, repo_id=repo, commit_description="All of it.")
    ignored = {"x.tmp", "build/out.txt"}
    kept = {path: c for path, c in files.items() if path not in ignored}
    assert contents(api, repo, tmp_path / "cache") == kept
    assert api.list_repo_commits(repo)[0].message == "All of it."
    (folder / "a.txt").write_bytes(b"new")
    api.upload_folder(
        folder_path=folder, repo_id=repo, path_in_repo="in/here", delete_patterns=["b/*"]
    )
    assert contents(api, repo, tmp_path / "cache2")["in/here/a.txt"] == b"new"


def test_a_large_folder(api, repo, tmp_path):
    files = {f"d{i % 7}/{i}.txt": b"%d" % i for i in range(300)}
    files |= {f"w{i}.safetensors": WEIGHTS[i:] for i in range(3)}
    folder = write(tmp_path / "large", files)
    if hasattr(api, "upload_large_folder"):  # since 2.0 upload_folder() is for all sizes
        api.upload_large_folder(
            repo_id=repo, folder_path=folder, repo_type="model", print_report=False, num_workers=4
        )
    else:
        api.upload_folder(repo_id=repo, folder_path=folder)
    assert contents(api, repo, tmp_path / "cache") == files


def test_ten_thousand_files(api, repo):
    adds = [CommitOperationAdd(f"d{i % 100}/{i}.txt", b"%d" % i) for i in range(10_000)]
    api.create_commit(repo, adds, commit_message="Many")
    assert len(api.list_repo_files(repo)) == 10_001
    with pytest.raises(errors.HfHubHTTPError):
        api.create_commit(
            repo, [CommitOperationAdd("d1", b"a file")], commit_message="A folder, already"
        )


# --- Commits --------------------------------------------------------------------------------------


def test_operations_of_each_kind(api, repo, tmp_path):
    put(api, "old.txt", b"old")
    put(api, "w.safetensors", WEIGHTS)
    put(api, "gone/a.txt", b"a")
    head = put(api, "gone/b/c.txt", b"c")
    made = api.create_commit(
        repo,
        [
            CommitOperationAdd("new.txt", b"new"),
            CommitOperationDelete("old.txt"),
            CommitOperationDelete("gone/"),
            CommitOperationCopy("w.safetensors", "copy/w.safetensors"),
            CommitOperationCopy("old.txt", "kept.txt", src_revision=head),
        ],
        commit_message="All kinds <&>",
        commit_description="One of each.\n\nAnd more.",
        parent_commit=head,
    )
    assert made.commit_url == f"{api.endpoint}/{repo}/commit/{made.oid}"
    assert contents(api, repo, tmp_path) == {
        "new.txt": b"new",
        "w.safetensors": WEIGHTS,
        "copy/w.safetensors": WEIGHTS,
        "kept.txt": b"old",
    }
    last = api.list_repo_commits(repo)[0]
    assert (last.commit_id, last.title) == (made.oid, "All kinds <&>")
    assert last.message == "One of each.\n\nAnd more."
    assert api.repo_info(repo, revision=head).sha == head


def test_deletions(api, repo):
    put(api, "a/b.txt", b"b")
    put(api, "a/c.txt", b"c")
    api.delete_file("a/b.txt", repo)
    api.delete_folder("a", repo)
    assert api.list_repo_files(repo) == [".gitattributes"]
    for missing in (CommitOperationDelete("no.txt"), CommitOperationDelete("no/")):
        with pytest.raises(errors.EntryNotFoundError):
            api.create_commit(repo, [missing], commit_message="Delete")


def test_a_stale_parent(api, repo, tmp_path):
    old = api.repo_info(repo).sha
    new = put(api, "a.txt", b"mine")
    with pytest.raises(errors.HfHubHTTPError) as stale:
        put(api, "a.txt", b"late", parent_commit=old)
    assert stale.value.response.status_code == 412
    assert api.repo_info(repo).sha == new
    put(api, "a.txt", b"in time", parent_commit=new)
    assert contents(api, repo, tmp_path) == {"a.txt": b"in time"}


def test_writers_at_one_branch(hub, token, api, repo, tmp_path):
    """With a parent one wins; without one all do, one after another."""
    parent = api.repo_info(repo).sha
    outcomes = []

    def commit(number: int, **options) -> None:
        own = hf.HfApi(endpoint=hub.endpoint, token=token)
        try:
            put(own, f"{number}.txt", b"%d" % number, **options)
            outcomes.append(number)
        except errors.HfHubHTTPError as error:
            outcomes.append(error.response.status_code)

    def at_once(**options) -> list[int]:
        outcomes.clear()
        threads = [threading.Thread(target=commit, args=(i,), kwargs=options) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(outcomes)

    assert at_once(parent_commit=parent)[1:] == [412] * 5
    assert len(api.list_repo_commits(repo)) == 2
    assert at_once() == list(range(6))
    assert contents(api, repo, tmp_path) == {f"{i}.txt": b"%d" % i for i in range(6)}


def test_no_pull_requests(api, repo):
    with pytest.raises(errors.BadRequestError, match="no pull requests"):
        put(api, "a.txt", b"a", create_pr=True)


# --- Branches and tags ----------------------------------------------------------------------------


def test_branches_and_tags(api, repo, tmp_path):
    first = put(api, "a.txt", b"1")
    second = put(api, "a.txt", b"2")
    api.create_branch(repo, branch="feature/x", revision=first)
    api.create_branch(repo, branch="dev")
    with pytest.raises(errors.HfHubHTTPError) as there:
        api.create_branch(repo, branch="dev")
    assert there.value.response.status_code == 409
    api.create_branch(repo, branch="dev", exist_ok=True)
    api.create_tag(repo, tag="v1", revision=first, tag_message="The first")
    api.create_tag(repo, tag="v1", exist_ok=True)
    on_branch = put(api, "b.txt", b"b", revision="feature/x")
    refs = api.list_repo_refs(repo)
    branches = {b.name: b.target_commit for b in refs.branches}
    assert branches == {"main": second, "dev": second, "feature/x": on_branch}
    assert {t.name: t.target_commit for t in refs.tags} == {"v1": first}
    assert contents(api, repo, tmp_path / "v1", revision="v1") == {"a.txt": b"1"}
    assert contents(api, repo, tmp_path / "x", revision="feature/x")["b.txt"] == b"b"
    with pytest.raises(errors.RevisionNotFoundError):
        put(api, "c.txt", b"c", revision="v1")  # a tag stays where it is
    with pytest.raises(errors.RevisionNotFoundError):
        api.create_branch(repo, branch="z", revision="nowhere")
    api.delete_branch(repo, branch="feature/x")
    api.delete_tag(repo, tag="v1")
    with pytest.raises(errors.RevisionNotFoundError):
        api.delete_tag(repo, tag="v1")
    with pytest.raises(errors.HfHubHTTPError):
        api.delete_branch(repo, branch="main")
    with pytest.raises(errors.BadRequestError):
        api.create_branch(repo, branch="a..b")
    assert [b.name for b in api.list_repo_refs(repo).branches] == ["dev", "main"]


def test_super_squash(api, repo, tmp_path):
    for i in range(3):
        put(api, "a.txt", b"%d" % i)
    api.super_squash_history(repo, commit_message="One for all")
    (only,) = api.list_repo_commits(repo)
    assert only.title == "One for all"
    assert contents(api, repo, tmp_path) == {"a.txt": b"2"}


# --- LFS ------------------------------------------------------------------------------------------


def test_parts(hub, api, repo, tmp_path):
    hub.stop()
    hub.start("--part-size", "1MiB")
    api = hf.HfApi(endpoint=hub.endpoint, token=api.token)
    put(api, "model.safetensors", WEIGHTS)
    put(api, "exact.bin", WEIGHTS[: 2 << 20])
    assert contents(api, repo, tmp_path) == {
        "model.safetensors": WEIGHTS,
        "exact.bin": WEIGHTS[: 2 << 20],
    }
    assert not [p for p in (hub.root / "parts").rglob("*") if p.is_file()]
    assert not list((hub.root / ".tmp").iterdir())


def test_nobody_gets_a_content_by_naming_its_hash(hub, api, repo):
    """A foreign sha256, of a public file even, is as if it were nowhere."""
    put(api, "model.safetensors", WEIGHTS)
    eve = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("eve", "--write"))
    eve.create_repo("eve/model")
    add = CommitOperationAdd("mine.safetensors", WEIGHTS)
    uploads = []
    original = hf._commit_api._upload_lfs_files

    def record(*, actions, **rest):
        uploads.extend(a for a in actions if a.get("actions"))
        return original(actions=actions, **rest)

    # The client trusts the hub's word that a content is there; so say nothing and only commit.
    add._upload_mode = "lfs"
    add._should_ignore = False
    add._is_uploaded = True
    with pytest.raises(errors.BadRequestError, match="never uploaded to this repository"):
        eve.create_commit("eve/model", [add], commit_message="Steal")
    assert eve.list_repo_files("eve/model") == [".gitattributes"]
    # With its bytes it is as good as any.
    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        patched.setattr(hf._commit_api, "_upload_lfs_files", record)
        put(eve, "mine.safetensors", WEIGHTS, "eve/model")
        assert len(uploads) == 1  # all of it was sent
        put(eve, "again.safetensors", WEIGHTS, "eve/model")
        assert len(uploads) == 1  # now this repository has it


# --- Who may write --------------------------------------------------------------------------------


def test_tokens_that_read(hub, api, repo):
    reader = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("ada"))
    assert reader.whoami()["auth"]["accessToken"]["role"] == "read"
    assert api.whoami()["auth"]["accessToken"]["role"] == "write"
    for write_something in (
        lambda: put(reader, "a.txt", b"a"),
        lambda: reader.create_repo("ada/other"),
        lambda: reader.delete_repo(repo),
        lambda: reader.create_branch(repo, branch="b"),
        lambda: reader.super_squash_history(repo),
        lambda: reader.update_repo_settings(repo, private=True),
        lambda: reader.move_repo(repo, "ada/other"),
    ):
        with pytest.raises(errors.HfHubHTTPError) as refused:
            write_something()
        assert refused.value.response.status_code == 403
        assert "may only read" in str(refused.value)
    assert api.list_repo_files(repo) == [".gitattributes"]


def test_strangers_and_nobody(hub, api, repo):
    eve = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("eve", "--write"))
    nobody = hf.HfApi(endpoint=hub.endpoint, token=False)
    for who, status in ((eve, 403), (nobody, 401)):
        for write_something in (
            lambda who=who: put(who, "a.txt", b"a"),
            lambda who=who: who.create_repo("ada/other"),
            lambda who=who: who.create_tag(repo, tag="t"),
            lambda who=who: who.delete_repo(repo),
        ):
            with pytest.raises(errors.HfHubHTTPError) as refused:
                write_something()
            assert refused.value.response.status_code == status
    api.update_repo_settings(repo, private=True)
    with pytest.raises(errors.RepositoryNotFoundError):
        put(eve, "a.txt", b"a")


def test_organisations(hub, api):
    hub.run("org", "add", "lab")
    writer, admin, member = (
        hf.HfApi(endpoint=hub.endpoint, token=hub.token_add(name, "--write"))
        for name in ("wim", "ann", "max")
    )
    for name, role in (("wim", "write"), ("ann", "admin"), ("max", "read")):
        hub.run("org", "member", "lab", name, "--role", role)
    assert [(o["name"], o["roleInOrg"]) for o in writer.whoami()["orgs"]] == [("lab", "write")]
    writer.create_repo("lab/model", private=True)
    put(writer, "a.txt", b"a", "lab/model")
    assert member.list_repo_files("lab/model") == [".gitattributes", "a.txt"]
    assert not api.repo_exists("lab/model")
    with pytest.raises(errors.HfHubHTTPError):
        put(member, "b.txt", b"b", "lab/model")
    with pytest.raises(errors.HfHubHTTPError):
        writer.delete_repo("lab/model")
    admin.move_repo("lab/model", "lab/renamed")
    hub.run("org", "member", "lab", "max", "--role", "none")
    assert not member.repo_exists("lab/renamed")
    admin.delete_repo("lab/renamed")


def test_accounts_on_the_command_line(hub, api, tmp_path):
    hub.run("user", "add", "bob")
    assert [line.split("\t")[0] for line in hub.run("user", "list").splitlines()] == ["ada", "bob"]
    file = tmp_path / "token"
    assert hub.token_add("bob", "--write", "--name", "laptop", "--output", file) == ""
    assert file.stat().st_mode & 0o777 == 0o600
    bob = hf.HfApi(endpoint=hub.endpoint, token=file.read_text().strip())
    assert bob.whoami()["auth"]["accessToken"]["displayName"] == "laptop"
    ((identifier, *facts),) = (x.split("\t") for x in hub.run("token", "list", "bob").splitlines())
    assert (facts[0], facts[1], facts[3]) == ("bob", "write", "laptop")
    hub.run("token", "revoke", identifier)
    with pytest.raises(errors.HfHubHTTPError):
        bob.whoami()
    own = "x" * 20 + "y" * 20
    command = [hub.program, "hub", "token", "add", "bob", "--stdin", "--root", hub.root]
    subprocess.run(command, input=own + "\n", text=True, check=True)
    assert hf.HfApi(endpoint=hub.endpoint, token=own).whoami()["name"] == "bob"
    hub.run("user", "remove", "bob")
    with pytest.raises(errors.HfHubHTTPError):
        hf.HfApi(endpoint=hub.endpoint, token=own).whoami()


def test_fsck(hub, api, repo):
    put(api, "a.txt", b"a")
    put(api, "model.safetensors", WEIGHTS)
    assert hub.run("fsck").endswith("all is whole\n")
    (blob,) = hub.root.glob(f"blobs/*/{hashlib.sha256(WEIGHTS).hexdigest()}")
    blob.write_bytes(b"x" + WEIGHTS[1:])
    command = [hub.program, "hub", "fsck", "--root", hub.root]
    assert subprocess.run([*command, "--quick"], capture_output=True).returncode == 0
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "'model.safetensors' of the commit" in done.stdout


# --- Other ways in --------------------------------------------------------------------------------


def test_file_system(hub, token, api, repo, tmp_path):
    fs = hf.HfFileSystem(endpoint=hub.endpoint, token=token, skip_instance_cache=True)
    with fs.open(f"{repo}/notes.txt", "w") as file:
        file.write("one\n")
    with fs.open(f"{repo}/w.safetensors", "wb") as file:
        file.write(WEIGHTS)
    fs.pipe_file(f"{repo}/{NAME}", b"piped")
    fs.cp_file(f"{repo}/notes.txt", f"{repo}/copy.txt")
    fs.mv(f"{repo}/copy.txt", f"{repo}/sub/moved.txt")
    fs.rm(f"{repo}/notes.txt")
    with fs.open(f"{repo}/w.safetensors", "rb") as file:
        file.seek(1_000_000)
        assert file.read(10) == WEIGHTS[1_000_000:1_000_010]
    assert contents(api, repo, tmp_path) == {
        "w.safetensors": WEIGHTS,
        NAME: b"piped",
        "sub/moved.txt": b"one\n",
    }
    fs.rm(f"{repo}/sub", recursive=True)
    assert not fs.exists(f"{repo}/sub")


def test_the_hf_command(hub, token, tmp_path):
    folder = write(tmp_path / "up", {"a.txt": b"a", "b/w.safetensors": WEIGHTS})
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.endpoint,
        "HF_TOKEN": token,
        "HF_HOME": str(tmp_path / "home"),
    }

    def hf_command(*arguments) -> str:
        command = [sys.executable, "-m", "huggingface_hub.cli.hf", *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "ada" in hf_command("auth", "whoami")
    hf_command("upload", "ada/by-command", folder, ".", "--private")
    hf_command("download", "ada/by-command", "--local-dir", tmp_path / "down")
    assert (tmp_path / "down/b/w.safetensors").read_bytes() == WEIGHTS


def test_two_servers_on_one_folder(hub, token, repo, hubdist_bin, tmp_path):
    """Started by mistake or on purpose: nothing is lost."""
    other = type(hub)(hubdist_bin, hub.root)
    other.start()
    try:
        apis = [hf.HfApi(endpoint=h.endpoint, token=token) for h in (hub, other)]
        threads = [
            threading.Thread(target=put, args=(apis[i % 2], f"{i}.bin", b"%d" % i))
            for i in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wanted = {f"{i}.bin": b"%d" % i for i in range(8)}
        for i, api in enumerate(apis):
            assert contents(api, repo, tmp_path / str(i)) == wanted
        assert len(apis[0].list_repo_commits(repo)) == 9
    finally:
        other.stop()


def test_git_agrees(hub, api, repo, tmp_path):
    """The ids of what was committed are git's."""
    files = {"a.txt": b"a", "b/c.txt": b"c", "b-d": b"d", "b0": b"0", "文/é.txt": b"x"}
    adds = [CommitOperationAdd(path, content) for path, content in files.items()]
    commit = api.create_commit(repo, adds, commit_message="Files").oid
    attributes = Path(hf.hf_hub_download(repo, ".gitattributes", endpoint=hub.endpoint))
    work = write(tmp_path / "work", {**files, ".gitattributes": attributes.read_bytes()})
    subprocess.run(["git", "-C", work, "init", "--quiet"], check=True)
    subprocess.run(["git", "-C", work, "add", "--all"], check=True)
    tree = subprocess.check_output(["git", "-C", work, "write-tree"], text=True).strip()
    (stored,) = (p.read_bytes() for p in hub.root.glob(f"commits/*/{commit}"))
    assert stored.startswith(b"tree %s\n" % tree.encode())
    hashed = subprocess.run(
        ["git", "-C", work, "hash-object", "-t", "commit", "--stdin"],
        input=stored,
        check=True,
        capture_output=True,
    )
    assert hashed.stdout.decode().strip() == commit


def test_the_other_major_version(rerun_with_other_huggingface_hub):
    """These same tests with the other huggingface_hub."""
    rerun_with_other_huggingface_hub(__file__)
