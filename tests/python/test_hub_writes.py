"""Our hub as the real, unchanged huggingface_hub writes to it, by LFS and in commits."""

import hashlib
import io
import threading

import huggingface_hub as hf
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, errors

from folders import write
from hub_writer import (  # noqa: F401
    NAME,
    WEIGHTS,
    api,
    contents,
    put,
    repo,
    token,
    without_xet,
)

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


def test_the_other_major_version(rerun_with_other_huggingface_hub):
    """These same tests with the other huggingface_hub."""
    rerun_with_other_huggingface_hub(__file__)
