"""Makes the sample files beside it, with pyarrow 25; the tests say what they hold."""

import io
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent


def make_parquet() -> None:
    small = pa.table({"id": [1, 2, 3, 4], "text": ["a", "b", "c", "d"]})
    pq.write_table(small, HERE / "small.parquet", row_group_size=2, compression="zstd")
    # Compressed to nearly nothing, but of many pages.
    count = 1 << 19
    rows = pa.table({"x": np.arange(count) % 7})
    options = {"compression": "brotli", "use_dictionary": False, "write_statistics": False}
    pq.write_table(rows, HERE / "counted.parquet", **options)
    pq.write_table(
        rows, HERE / "cut_by_content.parquet", use_content_defined_chunking=True, **options
    )


def make_sqlite() -> None:
    path = HERE / "small.sqlite"
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.execute("pragma page_size = 512")
    database.execute("create table users (id integer primary key, name text, photo blob)")
    database.execute("create index by_name on users (name)")
    database.execute("create view names as select name from users")
    rows = [(i, f"name {i}", bytes(900 if i == 5 else 600 if i == 7 else 3)) for i in range(24)]
    database.executemany("insert into users values (?, ?, ?)", rows)
    database.commit()
    database.execute("delete from users where id = 5")
    database.commit()
    database.close()


def make_zip() -> None:
    for name, method in (
        ("stored.zip", zipfile.ZIP_STORED),
        ("deflated.zip", zipfile.ZIP_DEFLATED),
    ):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            info = zipfile.ZipInfo("numbers", (2024, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, bytes(range(200)) * 3)
        (HERE / name).write_bytes(buffer.getvalue())


make_parquet()
make_sqlite()
make_zip()
