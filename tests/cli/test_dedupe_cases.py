"""The cases that Xet's authors tell of: an edit costs what was edited, not the file."""

import sys
from pathlib import Path

import pytest
from program import PROGRAM

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "examples/dedupe_cases"))

import dedupe_cases  # noqa: E402

SIZE = 8 * dedupe_cases.MB
CHUNK = 128 * 1024  # the largest there is


@pytest.fixture
def compare(tmp_path):
    def run(name: str) -> dict:
        found = dedupe_cases.compare(PROGRAM, dedupe_cases.CASES[name](tmp_path, SIZE))
        print(f"{name}: {found['xet_upload']:,} over Xet, {found['lfs_upload']:,} over LFS")
        assert found["lfs_upload"] == found["size"]
        return found

    return run


def changes(found: dict) -> str:
    return found["files"][0]["changes"]


def test_a_sqlite_file_that_grows(compare):
    found = compare("SQLite, 1 MB appended")
    assert 1_000_000 < found["xet_upload"] < 1_000_000 + 6 * CHUNK
    assert changes(found).startswith("1 of 2 tables changed: messages")


def test_a_row_edited_in_a_parquet_file(compare):
    plain = compare("Parquet, one row edited")
    cut = compare("the same, content-defined")
    assert plain["xet_upload"] < plain["size"] / 4
    assert cut["xet_upload"] < 10 * CHUNK
    assert cut["xet_upload"] < plain["xet_upload"]
    for found in (plain, cut):
        assert "1 of 3 column chunks changed: row group 0, text" in changes(found)
    assert any("use_content_defined_chunking" in text for text in plain["files"][0]["advice"])
    assert cut["files"][0]["advice"] == []


def test_gguf_metadata_that_changes(compare):
    found = compare("GGUF, metadata changed")
    assert found["xet_upload"] < 2 * CHUNK
    assert changes(found) == "header and metadata changed, none of 16 tensors"


def test_a_few_tensors_that_were_tuned(compare):
    found = compare("safetensors, 3 tensors tuned")
    tensor = SIZE / 32
    names = "layers.07.weight, layers.08.weight, layers.31.weight"
    assert f"3 of 32 tensors changed: {names};" in changes(found)
    assert 3 * tensor < found["new_bytes"] < 3 * tensor + 4 * CHUNK
    changed = {r["name"] for r in found["files"][0]["regions"] if r["new_bytes"] > 0.9 * tensor}
    assert changed == {"layers.07.weight", "layers.08.weight", "layers.31.weight"}
