"""The formats of Xet storage: xorbs, shards and reconstructions.

Hashes are in Xet's text form. What is read is checked; errors are those of `hubdist`. The formats
are described in docs/xet-formats.md.
"""

from __future__ import annotations

from ._core import (
    FileRecord,
    Reconstruction,
    Shard,
    ShardBuilder,
    Term,
    XorbBuilder,
    XorbIndex,
    XorbRecord,
    parse_reconstruction,
    plan_reconstruction,
    range_hash,
    read_xorb_index,
    unpack_chunks,
    verify_xorb,
)

__all__ = [
    "FileRecord",
    "Reconstruction",
    "Shard",
    "ShardBuilder",
    "Term",
    "XorbBuilder",
    "XorbIndex",
    "XorbRecord",
    "parse_reconstruction",
    "plan_reconstruction",
    "range_hash",
    "read_xorb_index",
    "unpack_chunks",
    "verify_xorb",
]
