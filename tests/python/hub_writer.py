"""What tests that write to a hub share: clients, a repository, and looks at what came of it."""

import random
import subprocess
from pathlib import Path

import huggingface_hub as hf
import pytest

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


def lfs_files(commit_info) -> set[str]:
    return {s.rfilename for s in commit_info.siblings if s.lfs}


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


def check_commit_id(hub, work: Path, commit: str) -> None:
    """The commit's id is git's, and its tree is that of what is added in the git folder `work`."""
    git = ["git", "-C", work]
    tree = subprocess.check_output([*git, "write-tree"], text=True).strip()
    (stored,) = (p.read_bytes() for p in hub.root.glob(f"commits/*/{commit}"))
    assert stored.startswith(b"tree %s\n" % tree.encode())
    hashed = subprocess.run(
        [*git, "hash-object", "-t", "commit", "--stdin"],
        input=stored,
        check=True,
        capture_output=True,
    )
    assert hashed.stdout.decode().strip() == commit
