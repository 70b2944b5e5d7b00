"""Makes the answers that other programs give: run it with huggingface_hub and hf_xet installed.

    python tests/core/vectors/make_vectors.py

fnmatch.json: patterns, paths and whether Python's fnmatchcase() says that they match.
filters.json: what huggingface_hub's filter_repo_objects() lets through.
xet_files.json: Xet file hashes by hf_xet, of SplitMix64 output and of texts.
"""

import itertools
import json
import random
import struct
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

import hf_xet
from huggingface_hub.utils import filter_repo_objects

HERE = Path(__file__).parent
PATHS = [
    "", "a", "b", "-", "]", "[", "!", "^", "a]", "[a", "[!a", "ab", "a-c", "a.b", "A", "*", "?",
    "\\", "é", "模型", "模型.bin", "a模b", "😀", "a/b", "a/b/c.json", "config.json",
    "model.safetensors", "model-00001-of-00002.safetensors", "dir/model.bin", "dir/sub/x y.txt",
    ".gitattributes", "a\nb", "onnx/model.onnx", "data/train-00000-of-00010.parquet", "~", "&",
    "|", "&&", "--",
]  # fmt: skip
PATTERNS = [
    "", "*", "**", "?", "??", "*.json", "*.safetensors", "dir/*", "dir/**", "*/model*", "a?b",
    "a*b*c*", "[", "[]", "[!", "[!]", "[]]", "[!]]", "[a", "[!a", "[]a]", "[!]a]", "[a]", "[!a]",
    "[^a]", "[[]", "[!^]", "[a-c]", "[!a-c]", "[c-a]", "[!c-a]", "[a-]", "[-a]", "[!-a]", "[--a]",
    "[!--]", "[a--]", "[a-c-e]", "[+--]", "[b-a!x]", "[b-a!]", "[b-a!-c]", "[z-yb-ac-d]", "[]-a]",
    "[]-A]", "[!]-A]", "[a-ce-g]", "[&&]", "[a~~b]", "[||]", "[\\]", "[!\\]", "[a\\-z]", "\\*",
    "[模-型]", "[!模]", "?.bin", "??.bin", "[é]", "[à-ü]", "*[0-9]*",
    "model-0000[12]-of-*.safetensors", "*-of-[0-9][0-9][0-9][0-9][0-9].*", "a[/]b", "a[!/]b",
    "[.]*", ".*", "[😀-😁]", "*.JSON", "a\nb", "[\n]", "*]*", "*[*", "**/*.json", "*?*", "?*?",
    "[!!]", "[!!a]", "[a!]",
]  # fmt: skip


def random_patterns(generator, count):
    for _ in range(count):
        yield "".join(generator.choice("ab-]![*?^c/模") for _ in range(generator.randint(1, 9)))


def fnmatch_table():
    generator = random.Random(3)
    patterns = PATTERNS + list(random_patterns(generator, 800))
    return [
        {"pattern": p, "matches": [n for n in PATHS if fnmatchcase(n, p)]}
        for p in dict.fromkeys(patterns)
    ]


def filter_table():
    lists = [
        None,
        [],
        ["*.json"],
        ["onnx/"],
        ["dir"],
        ["dir\\*"],
        ["onnx\\"],
        ["*.bin", "a/*"],
        ["*"],
    ]
    paths = [p for p in PATHS if p]
    return [
        {
            "allow": allow,
            "ignore": ignore,
            "kept": list(filter_repo_objects(paths, allow_patterns=allow, ignore_patterns=ignore)),
        }
        for allow, ignore in itertools.product(lists, lists)
    ]


def splitmix64(seed, size):
    mask = (1 << 64) - 1
    out = bytearray()
    while len(out) < size:
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        out += struct.pack("<Q", z ^ (z >> 31))
    return bytes(out[:size])


def content_of(kind, seed, size):
    if kind == "random":
        return splitmix64(seed, size)
    if kind == "zeros":
        return bytes(size)
    line = b"the quick brown fox jumps over the lazy dog, again and again\n"
    return (line * (size // len(line) + 1))[:size]


def xet_table():
    edges = [
        0,
        1,
        63,
        64,
        65,
        8127,
        8128,
        8191,
        8192,
        8193,
        16384,
        65536,
        131071,
        131072,
        131073,
        262144,
        400000,
    ]
    cases = [("random", seed, size) for seed in (0, 1, 2) for size in edges]
    cases += [
        ("random", 7, 3_000_000),
        ("zeros", 0, 1_000_000),
        ("zeros", 0, 131073),
        ("text", 0, 1_500_000),
    ]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, seed, size in cases:
            content = content_of(kind, seed, size)
            path = Path(folder) / "content"
            path.write_bytes(content)
            rows.append(
                {
                    "input": kind,
                    "seed": seed,
                    "size": size,
                    "file": hf_xet.hash_files([str(path)])[0].hash,
                }
            )
    return rows


def write(name, rows):
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (HERE / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    write("fnmatch.json", fnmatch_table())
    write("filters.json", filter_table())
    write("xet_files.json", xet_table())
