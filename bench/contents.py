"""What the benchmarks fill files with."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

BLOCK = 16 << 20  # bytes, made and written at a time


def random_block(source: np.random.Generator) -> bytes:
    """Bytes that nothing compresses."""
    return source.bytes(BLOCK)


def weights_block(source: np.random.Generator) -> bytes:
    """Normally distributed bf16 numbers, as the weights of a layer are."""
    values = source.standard_normal(BLOCK // 2, dtype=np.float32) * np.float32(0.02)
    return (values.view(np.uint32) >> 16).astype("<u2").tobytes()


def zeros_block(_: np.random.Generator) -> bytes:
    """What an optimiser's fresh state looks like."""
    return bytes(BLOCK)


CONTENTS: dict[str, Callable[[np.random.Generator], bytes]] = {
    "random": random_block,
    "bf16": weights_block,
    "zeros": zeros_block,
}


def write(path: Path, size: int, block: Callable[[np.random.Generator], bytes]) -> None:
    """A file of `size` bytes, the same each time."""
    source = np.random.default_rng(1)
    with path.open("wb") as out:
        for _ in range(size // BLOCK):
            out.write(block(source))
