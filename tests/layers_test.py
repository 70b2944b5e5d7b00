"""Holds the sources against the house's layer table.

Each folder of include/hubdist/ and src/ may include only the rooms that the table names; the heavy
foreign libraries stay out of public headers; and CMake's KNOWS says the same as the table.
"""

import re
import sys
from pathlib import Path

# Room: the rooms whose headers it may include, besides its own.
_ENGINE = ["base", "core", "io", "backend", "store"]
TABLE = {
    "base": [],
    "core": ["base"],
    "io": ["base", "core"],
    "backend": ["base", "core", "io"],
    "store": ["base", "core", "io", "backend"],
    "xet": _ENGINE,
    "exchange": ["base", "core"],
    "exchange/net": [*_ENGINE, "exchange"],
    "client": [*_ENGINE, "xet", "exchange", "exchange/net"],
    "server": [*_ENGINE, "xet", "exchange", "exchange/net", "client"],
    "cli": [*_ENGINE, "xet", "exchange", "exchange/net", "client", "server"],
}
# What a room's CMake target links: its object files are one library, exchange/net's among them.
LINKED = {**TABLE, "exchange": _ENGINE}
PARTS = ("exchange/net",)  # of a room, with a rule of their own
FOREIGN = re.compile(r"^(curl|boost|openssl|simdjson|google|lz4|CLI|doctest|pybind11)([./]|$)")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
SUFFIXES = {".h", ".cc"}


def room_of(path: str) -> str | None:
    """The room that a path below include/hubdist/ or src/ lies in, or None for a file outside."""
    for part in PARTS:
        if path.startswith(part + "/"):
            return part
    first, slash, _ = path.partition("/")
    return first if slash else None


def included_room(target: str, rooms: set[str]) -> str | None:
    """The room that an included name belongs to, or None for what is not ours."""
    path = target.removeprefix("hubdist/")
    room = room_of(path)
    if room is None or (path == target and room.partition("/")[0] not in rooms):
        return None
    return room


def check_file(name: str, room: str, text: str, public: bool, rooms: set[str]) -> list[str]:
    """What is wrong with the includes of one file."""
    wrong = []
    for target in INCLUDE.findall(text):
        if public and FOREIGN.match(target):
            wrong.append(
                f"{name}: a public header includes <{target}>; that belongs into a .cc file"
            )
        other = included_room(target, rooms)
        if other is None or other == room or other in TABLE[room]:
            continue
        wrong.append(f"{name}: {room} may not include {other} ({target})")
    return wrong


def check_sources(root: Path) -> tuple[list[str], int]:
    """What is wrong in include/hubdist/ and src/, and how many files were read."""
    wrong, count = [], 0
    rooms = {room.partition("/")[0] for room in TABLE}
    for base, public in ((root / "include/hubdist", True), (root / "src", False)):
        for path in sorted(p for p in base.rglob("*") if p.suffix in SUFFIXES):
            name = path.relative_to(root).as_posix()
            room = room_of(path.relative_to(base).as_posix())
            if room not in TABLE:
                wrong.append(f"{name}: lies in no room of the table")
                continue
            wrong += check_file(name, room, path.read_text(), public, rooms)
            count += 1
    return wrong, count


def check_cmake(root: Path) -> list[str]:
    """Whether the rooms' targets link exactly what the table lets them include."""
    knows = {}
    for path in sorted(root.glob("src/*/CMakeLists.txt")):
        call = re.search(r"hubdist_room\(\s*(\w+)([^)]*)\)", path.read_text())
        if call:
            words = re.search(r"KNOWS((?:\s+[a-z_]+)*)", call.group(2))
            knows[call.group(1)] = words.group(1).split() if words else []

    def closure(room: str) -> set[str]:
        return {room}.union(*(closure(known) for known in knows[room]))

    wrong = []
    for room in knows:
        allowed = {other for other in LINKED.get(room, ()) if other not in PARTS}
        if closure(room) - {room} != allowed:
            wrong.append(
                f"src/{room}/CMakeLists.txt: KNOWS reaches {sorted(closure(room) - {room})}, "
                f"the table says {sorted(allowed)}"
            )
    return wrong


def check_the_check() -> None:
    """A wrong include must be found: the test tests itself."""
    rooms = {room.partition("/")[0] for room in TABLE}

    def wrong(room: str, include: str, public: bool = False) -> bool:
        return bool(check_file("x", room, f"#include {include}\n", public, rooms))

    assert wrong("core", "<hubdist/io/file.h>")
    assert wrong("core", '"io/internal/x.h"')
    assert wrong("exchange", "<hubdist/io/file.h>")
    assert wrong("exchange", "<hubdist/exchange/net/node.h>")
    assert wrong("store", "<hubdist/client/client.h>")
    assert wrong("io", "<curl/curl.h>", public=True)
    assert wrong("exchange/net", "<boost/asio.hpp>", public=True)
    assert wrong("exchange", "<google/protobuf/message_lite.h>", public=True)
    assert not wrong("exchange/net", "<hubdist/store/file_lock.h>")
    assert not wrong("exchange/net", "<hubdist/exchange/content.h>")
    assert not wrong("io", "<curl/curl.h>")
    assert not wrong("core", "<hubdist/core/uri.h>")
    assert not wrong("core", "<vector>")
    assert not wrong("core", "<sys/types.h>")


def main() -> int:
    """Prints what is wrong; 0 when nothing is."""
    check_the_check()
    root = Path(__file__).parent.parent
    wrong, count = check_sources(root)
    wrong += check_cmake(root)
    for line in wrong:
        print(line)
    print(f"layers: {count} files, {len(wrong)} wrong")
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
