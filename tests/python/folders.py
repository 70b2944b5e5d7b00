"""Folders as dictionaries: a path from the folder, and what the file holds."""

from collections.abc import Set
from pathlib import Path


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def read(folder: str | Path, left_out: Set[str] = frozenset({".cache"})) -> dict[str, bytes]:
    """All files but those in folders of these names."""
    folder = Path(folder)
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and not left_out & set(p.relative_to(folder).parts)
    }
