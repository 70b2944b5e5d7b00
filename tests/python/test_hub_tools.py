"""Our hub under the tools around huggingface_hub, in processes of their own: the `hf` command, and
HfFileSystem under pandas and pyarrow. Contents travel by LFS, and by Xet."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

import clients

WEIGHTS = random.Random(1).randbytes((3 << 20) + 12345)


@pytest.fixture(params=["lfs", "xet"])
def user(request, hub, tmp_path) -> Iterator[dict]:
    """The environment of somebody who may write."""
    xet = request.param == "xet"
    token = hub.token_add("ada", "--write")
    yield clients.environment(hub.endpoint, token, tmp_path / "home", xet=xet)
    assert clients.came_by_xet(hub.root) == xet


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    """The files of a folder but for hidden ones."""
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return {path: content for path, content in files.items() if not path.startswith(".")}


def test_the_hf_command(user, tmp_path):
    files = {"a.txt": b"a", "b/w.safetensors": WEIGHTS, "文/é.txt": b"x"}
    repo = "ada/by-command"
    clients.hf(user, "repos", "create", repo, "--private")
    clients.hf(user, "upload", repo, write(tmp_path / "up", files), ".")
    clients.hf(user, "repos", "tag", "create", repo, "v1")
    clients.hf(user, "repos", "branch", "create", repo, "dev", "--revision", "v1")
    (tmp_path / "one").write_bytes(WEIGHTS[1:])
    clients.hf(user, "upload", repo, tmp_path / "one", "one.bin", "--revision", "dev")
    clients.hf(user, "repos", "delete-files", repo, "a.txt", "--revision", "dev")
    assert "v1" in clients.hf(user, "repos", "tag", "list", repo)
    expected = {
        "main": files,
        "v1": files,
        "dev": {k: v for k, v in files.items() if k != "a.txt"} | {"one.bin": WEIGHTS[1:]},
    }
    for revision, content in expected.items():
        folder = tmp_path / revision
        clients.hf(user, "download", repo, "--revision", revision, "--local-dir", folder)
        assert read(folder) == content
    clients.hf(user, "repos", "branch", "delete", repo, "dev")
    clients.hf(user, "repos", "tag", "delete", repo, "v1", "--yes")
    clients.hf(user, "repos", "settings", repo, "--public")
    clients.hf(user, "repos", "move", repo, "ada/moved")
    # Nobody needs a token for a public repository; `moved` is found by its old name as well.
    nobody = {**user, "HF_TOKEN": "", "HF_HOME": str(tmp_path / "nobody")}
    clients.hf(nobody, "download", repo, "a.txt", "--local-dir", tmp_path / "moved")
    assert read(tmp_path / "moved") == {"a.txt": b"a"}
    clients.hf(user, "repos", "delete", "ada/moved", "--yes")
    with pytest.raises(AssertionError, match=r"(?i)not found"):
        clients.hf(user, "download", "ada/moved", "a.txt")


LARGE_FOLDER = """
import sys
import huggingface_hub as hf

api, repo, folder = hf.HfApi(), *sys.argv[1:]
api.create_repo(repo)
if hasattr(api, "upload_large_folder"):  # since 2.0 upload_folder() is for all sizes
    api.upload_large_folder(repo_id=repo, folder_path=folder, repo_type="model", num_workers=4,
                            print_report=False)
else:
    api.upload_folder(repo_id=repo, folder_path=folder)
api.create_commit(repo, [hf.CommitOperationCopy("w0.safetensors", "copy/w.safetensors")],
                  commit_message="Copy")
assert len(api.list_repo_commits(repo)) >= 3
api.super_squash_history(repo)
assert len(api.list_repo_commits(repo)) == 1
print(hf.snapshot_download(repo))
"""


def test_a_large_folder_is_copied_and_squashed(user, tmp_path):
    files = {f"d{i % 7}/{i}.txt": b"%d" % i for i in range(60)}
    files |= {f"w{i}.safetensors": WEIGHTS[i:] for i in range(3)}
    folder = write(tmp_path / "large", files)
    found = Path(clients.python(LARGE_FOLDER, user, "ada/large", folder).splitlines()[-1])
    assert read(found) == {**files, "copy/w.safetensors": WEIGHTS}


FILE_SYSTEM = """
import json, random, sys
import huggingface_hub as hf
import pandas as pd
import pyarrow.parquet as pq

repo = sys.argv[1]
hf.create_repo(repo, repo_type="dataset")
root = f"datasets/{repo}"
rows = pd.DataFrame({"id": range(100_000), "x": random.Random(1).choices(range(10**9), k=100_000)})
rows.to_parquet(f"hf://{root}/rows.parquet", row_group_size=10_000)
fs = hf.HfFileSystem(skip_instance_cache=True)
fs.cp_file(f"{root}/rows.parquet", f"{root}/sub/copy.parquet")
with fs.open(f"{root}/notes.txt", "w") as file:
    file.write("one\\n")
fs.mv(f"{root}/notes.txt", f"{root}/sub/notes.txt")
group = pq.ParquetFile(fs.open(f"{root}/sub/copy.parquet", "rb")).read_row_group(5, ["id"])
whole = pd.read_parquet(f"hf://{root}/sub/copy.parquet")
fs.rm(f"{root}/rows.parquet")
names = [name.removeprefix(root) for name in sorted(fs.find(root))]
walked = [len(files) for _, _, files in fs.walk(f"{root}/sub")]
print(json.dumps([names, walked, group["id"][0].as_py(), bool(whole.equals(rows)),
                  fs.cat_file(f"{root}/sub/notes.txt").decode()]))
"""


def test_parquet_through_the_file_system(user):
    pytest.importorskip("pandas")
    found = json.loads(clients.python(FILE_SYSTEM, user, "ada/rows").splitlines()[-1])
    names = ["/.gitattributes", "/sub/copy.parquet", "/sub/notes.txt"]
    assert found == [names, [2], 50_000, True, "one\n"]


def test_the_other_major_version(rerun_with_other_huggingface_hub):
    rerun_with_other_huggingface_hub(__file__)
