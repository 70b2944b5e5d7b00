"""What two versions of a file have in common, chunk by chunk.

python examples/chunks.py
"""

import random

import hubdist

draw = random.Random(0)
old = draw.randbytes(10 << 20)
new = old[: 4 << 20] + b"some bytes in between" + old[4 << 20 :]


def chunks_of(content: bytes) -> dict[str, int]:
    """Cut a content; return the size of each chunk by its hash."""
    manifest = hubdist.make_manifest(content)
    print(f"{len(content):,} bytes, {len(manifest.chunks)} chunks, file {manifest.file_hash}")
    return {chunk.hash: chunk.size for chunk in manifest.chunks}


held, wanted = chunks_of(old), chunks_of(new)
missing = sum(size for name, size in wanted.items() if name not in held)
print(f"with the old version at hand the new one needs {missing:,} bytes")
