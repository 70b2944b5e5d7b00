"""Other ways into our hub: file systems, the hf command, two servers; and what git says of it."""

import subprocess
import threading
from pathlib import Path

import huggingface_hub as hf
from huggingface_hub import CommitOperationAdd

from folders import write
from hub_writer import (  # noqa: F401
    NAME,
    REPO,
    WEIGHTS,
    api,
    check_commit_id,
    contents,
    put,
    repo,
    token,
    without_xet,
)

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
    check_commit_id(hub, work, commit)


def test_the_other_major_version(rerun_with_other_huggingface_hub):
    """These same tests with the other huggingface_hub."""
    rerun_with_other_huggingface_hub(__file__)
