"""Advice of `hubdist dedupe`, wherever a report is shown."""

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from program import User

ADVICE = "use_content_defined_chunking=True"


@pytest.fixture
def alone(tmp_path) -> User:
    return User(tmp_path)


def write_rows(path: Path, rows: list[str], **options: object) -> Path:
    pq.write_table(pa.table({"text": rows}), path, row_group_size=1_000_000, **options)
    return path


@pytest.fixture
def rows() -> list[str]:
    draw = random.Random(1)
    return [draw.randbytes(100).hex() for _ in range(40_000)]


def test_parquet_that_was_not_cut_by_content(alone, rows, tmp_path):
    more = [rows[0], "inserted", *rows[1:]]
    before = write_rows(tmp_path / "before.parquet", rows, use_dictionary=False)
    after = write_rows(tmp_path / "after.parquet", more, use_dictionary=False)
    page = tmp_path / "report.html"
    got = alone.run("dedupe", "--json", before, after, "--html", page)
    assert got.returncode == 0, got.stderr
    version = json.loads(got.stdout.splitlines()[-1])["report"]["versions"][-1]
    assert version["new_bytes"] > version["size"] / 2  # little was known
    assert any(ADVICE in text for text in version["files"][0]["advice"])
    assert ADVICE in page.read_text()
    shown = alone.run("dedupe", before, after).stdout
    assert "advice: Its pages hold round numbers of rows" in shown
    assert ADVICE in shown


def test_parquet_that_was_cut_by_content(alone, rows, tmp_path):
    options = {"use_dictionary": False, "use_content_defined_chunking": True}
    more = [rows[0], "inserted", *rows[1:]]
    before = write_rows(tmp_path / "before.parquet", rows, **options)
    after = write_rows(tmp_path / "after.parquet", more, **options)
    page = tmp_path / "report.html"
    got = alone.run("dedupe", "--json", before, after, "--html", page)
    version = json.loads(got.stdout.splitlines()[-1])["report"]["versions"][-1]
    assert version["new_bytes"] < version["size"] / 2
    assert version["files"][0]["advice"] == []
    assert ADVICE not in page.read_text()
