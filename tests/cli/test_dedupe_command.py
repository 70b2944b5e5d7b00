"""`hubdist dedupe` as a person and as a program meet it."""

import json
import os
import pty
import random
import signal
import socket
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from dedupe_page import Page
from program import FILES, PATIENCE, PROGRAM, User
from safetensors.numpy import save_file

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/dedupe.schema.json").read_text())
MODEL = "weights/model-1.safetensors"


@pytest.fixture
def alone(tmp_path) -> User:
    """Somebody without a hub, in a folder of their own."""
    return User(tmp_path)


def report_of(user: User, *arguments: str | Path, **options) -> dict:
    """The report that --json prints, held against the schema."""
    got = user.run("dedupe", "--json", *arguments, **options)
    assert got.returncode == 0, got.stderr
    events = [json.loads(line) for line in got.stdout.splitlines()]
    assert events[-1]["event"] == "result"
    assert sum(e["event"] in ("result", "error") for e in events) == 1
    report = events[-1]["report"]
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture
def tuned(tmp_path) -> tuple[Path, Path]:
    """Two safetensors files of 16 tensors, one of which differs."""
    draw = np.random.default_rng(1)
    tensors = {f"layers.{i:02}": draw.random((256, 512), np.float32) for i in range(16)}
    old, new = tmp_path / "old.safetensors", tmp_path / "new.safetensors"
    save_file(tensors, old)
    tensors["layers.05"] = draw.random((256, 512), np.float32)
    save_file(tensors, new)
    return old, new


def test_two_files_make_a_table_with_a_bar_and_what_changed(alone, tuned):
    got = alone.run("dedupe", *tuned)
    assert got.returncode == 0, got.stderr
    lines = got.stdout.splitlines()
    heads = ["size", "chunks", "new", "compressed", "to Xet", "to LFS", "ratio"]
    assert all(head in lines[0] for head in heads)
    assert lines[1].startswith(str(tuned[0]))
    assert lines[2].startswith(str(tuned[1]))
    assert lines[3].strip().strip("[]").strip(".-+#") == ""
    assert "#" in lines[3]
    assert "of 16 tensors changed: layers.05" in lines[4]
    assert "\x1b" not in got.stdout + got.stderr
    assert got.stdout.isascii()


def test_json_tells_every_number_and_where_new_bytes_lie(alone, tuned):
    report = report_of(alone, *tuned)
    old, new = report["versions"]
    assert old["new_bytes"] == old["size"] == tuned[0].stat().st_size
    assert old["lfs_upload"] == old["size"]
    [file] = new["files"]
    assert file["path"] == "new.safetensors"
    assert file["change"] == "changed"
    assert file["format"] == "safetensors"
    assert new["xet_upload"] < new["lfs_upload"] / 5
    assert sum(end - begin for begin, end in file["new_ranges"]) == file["new_bytes"]
    [region] = [r for r in file["regions"] if r["name"] == "layers.05"]
    # The chunks at its ends hold a little of its neighbours.
    assert region["new_bytes"] > 0.99 * (region["end"] - region["begin"])
    assert sum(r["new_bytes"] for r in file["regions"]) == file["new_bytes"]
    assert file["changes"] == "1 of 16 tensors changed: layers.05; 2 more share chunks with them"
    assert report["total"]["size"] == old["size"] + new["size"]


def test_events_come_before_the_result(alone, tuned):
    got = alone.run("dedupe", "--json", *tuned)
    events = [json.loads(line) for line in got.stdout.splitlines()]
    assert [e["event"] for e in events if e["event"] != "progress"] == [
        "phase",
        "planned",
        "result",
    ]
    assert events[1]["bytes"] == sum(path.stat().st_size for path in tuned)
    assert got.stderr == ""


def test_one_file_is_compared_with_itself(alone, tmp_path):
    block = noise(2, 1 << 20)
    twice = write(tmp_path, {"twice.bin": block + block}) / "twice.bin"
    [version] = report_of(alone, twice)["versions"]
    assert version["size"] == 2 << 20
    assert 1 << 20 <= version["new_bytes"] < (1 << 20) + (400 << 10)


def test_folders_match_files_by_path_and_find_moved_ones(alone, tmp_path):
    same, moved, gone = noise(1, 300_000), noise(2, 200_000), noise(3, 100_000)
    old = write(tmp_path / "v1", {"a/same": same, "moved": moved, "gone": gone})
    new = write(tmp_path / "v2", {"a/same": same, "b/moved": moved, "added": noise(4, 90_000)})
    version = report_of(alone, f"{old}/", f"{new}/")["versions"][1]
    assert {f["path"]: f["change"] for f in version["files"]} == {
        "a/same": "unchanged",
        "added": "added",
        "b/moved": "renamed",
        "gone": "removed",
    }
    assert version["new_bytes"] == version["lfs_upload"] == 90_000
    text = alone.run("dedupe", old, new).stdout
    assert "was moved" in text
    assert "gone  removed" in text


def test_globs_choose_among_the_files_of_folders(alone, tmp_path):
    files = {"a.bin": b"a" * 9, "sub/b.bin": b"b" * 9, "c.txt": b"c", "sub/no.bin": b"n"}
    folder = write(tmp_path / "v", files)
    [version] = report_of(alone, folder, "--include", "*.bin", "--exclude", "sub/no*")["versions"]
    assert [f["path"] for f in version["files"]] == ["a.bin", "sub/b.bin"]
    [named] = report_of(alone, folder / "c.txt", "--include", "*.bin")["versions"]
    assert [f["path"] for f in named["files"]] == ["c.txt"]


def test_a_folder_against_a_file(alone, tmp_path):
    content = noise(5, 500_000)
    folder = write(tmp_path / "v1", {"x/model.bin": content, "y.txt": b"y"})
    single = write(tmp_path, {"model.bin": content}) / "model.bin"
    version = report_of(alone, folder, single)["versions"][1]
    assert version["new_bytes"] == 0


def test_standard_input_and_pipes_are_read(alone, tuned):
    expected = report_of(alone, *tuned)["versions"][1]
    fields = ("size", "new_bytes", "chunks", "xet_upload")
    for argument in ("-", "/dev/stdin"):
        with tuned[1].open("rb") as content:
            command = [PROGRAM, "dedupe", "--json", tuned[0], argument]
            pipe = subprocess.run(["cat"], stdin=content, capture_output=True, check=True).stdout
            got = subprocess.run(command, input=pipe, env=alone.env(), capture_output=True)
        version = json.loads(got.stdout.splitlines()[-1])["report"]["versions"][1]
        assert [version[f] for f in fields] == [expected[f] for f in fields]
    fifo = alone.home / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(tuned[1].read_bytes()))
    writer.start()
    version = report_of(alone, tuned[0], fifo)["versions"][1]
    writer.join()
    assert [version[f] for f in fields] == [expected[f] for f in fields]


def test_the_page_is_whole_and_needs_nothing_from_outside(alone, tuned, tmp_path):
    page_file, image_file = tmp_path / "report.html", tmp_path / "report.svg"
    got = alone.run("dedupe", *tuned, "--html", page_file, "--svg", image_file)
    assert got.returncode == 0, got.stderr
    assert f"written: {page_file}" in got.stderr
    page = Page(page_file.read_text())
    assert page.wrong == []
    assert page.loads == []
    assert "img" not in page.tags
    assert {"h1", "h2", "table", "caption", "figure", "button"} <= set(page.tags)
    text = page.text()
    assert "new.safetensors against old.safetensors" in text
    assert "of 16 tensors changed: layers.05" in text
    assert all("://" not in value for _, name, value in page.attributes if name != "xmlns")
    names = [value for tag, name, value in page.attributes if name == "aria-label"]
    assert any("new, in 1 range" in name for name in names)
    image = ElementTree.parse(image_file).getroot()
    titles = [e.text for e in image.iter("{http://www.w3.org/2000/svg}title")]
    assert any(t.startswith("new, ") and "layers.05" in t for t in titles)


def test_hostile_names_stay_text(alone, tmp_path):
    name = "<script>alert(1)<\u202e>\x1b[2J&\"'"
    old = write(tmp_path / "v1", {name: noise(1, 200_000), "other": b"x"})
    new = write(tmp_path / "v2", {name: noise(1, 200_000) + b"more", "other": b"x"})
    page_file = tmp_path / "report.html"
    got = alone.run("dedupe", old, new, "--html", page_file)
    assert got.returncode == 0, got.stderr
    assert "\x1b" not in got.stdout
    assert "\u202e" not in got.stdout
    page = Page(page_file.read_text())
    assert page.wrong == []
    assert page.tags.count("script") == 2
    assert "\u202e" not in page.markup
    assert "\x1b" not in page.markup
    assert "<script>alert(1)<<U+202E>>" in page.text()


def test_a_path_that_is_not_utf8(alone, tmp_path):
    raw = os.fsencode(tmp_path) + b"/caf\xe9.bin"
    Path(os.fsdecode(raw)).write_bytes(noise(1, 100_000))
    command = [PROGRAM.encode(), b"dedupe", b"--json", raw]
    got = subprocess.run(command, env=alone.env(), capture_output=True)
    assert got.returncode == 0, got.stderr
    [version] = json.loads(got.stdout.splitlines()[-1])["report"]["versions"]
    assert version["files"][0]["path"] == "caf\\xe9.bin"
    page_file = tmp_path / "report.html"
    command = [PROGRAM.encode(), b"dedupe", raw, b"--html", os.fsencode(page_file)]
    assert subprocess.run(command, env=alone.env(), capture_output=True).returncode == 0
    assert "caf\\xe9.bin" in page_file.read_text()


def test_empty_and_sparse_files(alone, tmp_path):
    empty, sparse = tmp_path / "empty", tmp_path / "sparse"
    empty.touch()
    with sparse.open("wb") as file:
        file.truncate(8 << 20)
    first, second = report_of(alone, empty, sparse)["versions"]
    assert (first["size"], first["chunks"], first["xet_upload"] < 1000) == (0, 0, True)
    assert first["files"][0]["new_ranges"] == []
    assert (second["size"], second["new_chunks"]) == (8 << 20, 1)
    assert second["xet_upload"] < 20_000
    assert alone.run("dedupe", empty, "--html", tmp_path / "r.html").returncode == 0
    assert Page((tmp_path / "r.html").read_text()).wrong == []


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def test_what_cannot_be_compared_is_named(alone, tmp_path):
    make_socket(tmp_path / "socket")
    for wrong in (tmp_path / "missing", Path("/dev/null"), tmp_path / "socket"):
        got = alone.run("dedupe", "--json", wrong)
        assert got.returncode == 1
        assert str(wrong) in got.stderr
        error = json.loads(got.stdout.splitlines()[-1])
        assert error["event"] == "error"
        assert error["interrupted"] is False
        assert str(wrong) in error["message"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(alone, tmp_path):
    secret = write(tmp_path, {"secret": b"x"}) / "secret"
    secret.chmod(0)
    got = alone.run("dedupe", secret)
    assert got.returncode == 1
    assert str(secret) in got.stderr


def test_a_truncated_file_is_compared_as_bytes_with_a_note(alone, tuned, tmp_path):
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(tuned[0].read_bytes()[:1_000_000])
    [file] = report_of(alone, tuned[0], cut)["versions"][1]["files"]
    assert file["notes"]
    assert file["new_bytes"] < 200_000
    assert "note: " in alone.run("dedupe", cut).stdout


def test_a_file_that_shrinks_meanwhile_is_an_error(alone, tmp_path):
    """The first version is a pipe: what comes after is cut while the program waits for it."""
    file, fifo = tmp_path / "shrinks", tmp_path / "fifo"
    file.write_bytes(noise(1, 4 << 20))
    os.mkfifo(fifo)
    process = alone.start("dedupe", fifo, file)
    with fifo.open("wb") as pipe:  # the program has listed its files and reads
        pipe.write(noise(2, 1 << 20))
        pipe.flush()
        os.truncate(file, 1 << 20)
    out, err = process.communicate(timeout=PATIENCE)
    # Cut before it is opened, it is a shorter file; never is it a crash or a wrong size.
    assert process.returncode in (0, 1), err
    assert process.returncode == 1 or "1.05 MB" in out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-", "-"],
        ["-", "/dev/stdin"],
        [""],
        ["https://host/model.bin"],
        ["s3://bucket/key"],
        ["hf://"],
        ["x", "--threads", "0"],
        ["x", "-q", "--json"],
        ["-", "--token-stdin"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(alone, arguments):
    got = alone.run("dedupe", *arguments, input="")
    assert (got.returncode, got.stdout) == (2, "")
    assert got.stderr


def test_a_report_replaces_nothing_but_a_report(alone, tuned, tmp_path):
    content = tuned[0].read_bytes()
    link = tmp_path / "link.html"
    link.symlink_to(tuned[0])
    for path in (tuned[0], "/dev/stdout", "/dev/null", tmp_path, link, tmp_path / "no/such.html"):
        got = alone.run("dedupe", *tuned, "--html", path)
        assert got.returncode == 1, path
        assert str(path) in got.stderr or str(Path(path).parent) in got.stderr
    assert tuned[0].read_bytes() == content
    assert Path("/dev/stdout").is_symlink()
    same = tmp_path / "same"
    assert alone.run("dedupe", *tuned, "--html", same, "--svg", same).returncode == 1
    assert not same.exists()


def test_quiet_prints_the_table_alone(alone, tuned, tmp_path):
    got = alone.run("dedupe", "-q", *tuned, "--svg", tmp_path / "r.svg")
    assert (got.returncode, got.stderr) == (0, "")
    assert "all together" in got.stdout


def test_a_full_disk_behind_standard_output_is_an_error(alone, tuned):
    with Path("/dev/full").open("w") as full:
        process = alone.start("dedupe", *tuned, stdout=full)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "standard output" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_at_once_even_while_a_pipe_is_silent(alone, number):
    process = alone.start("dedupe", "--json", "-", stdin=subprocess.PIPE)
    assert json.loads(process.stdout.readline())["event"] == "phase"
    process.stdin.write("some bytes")
    process.stdin.flush()
    time.sleep(0.2)
    begin = time.monotonic()
    process.send_signal(number)
    assert process.wait(PATIENCE) == 128 + number
    assert time.monotonic() - begin < 2
    error = json.loads(process.communicate()[0].splitlines()[-1])
    assert (error["event"], error["interrupted"]) == ("error", True)


def test_a_signal_stops_the_wait_for_a_pipe_that_nobody_writes(alone, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    process = alone.start("dedupe", "--json", tmp_path / "pipe")
    assert json.loads(process.stdout.readline())["event"] == "phase"
    time.sleep(0.2)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert time.monotonic() - begin < 2
    assert process.returncode == 130


def on_terminal(user: User, *arguments: str | Path, **environment: str) -> str:
    """What the program shows when all it writes goes to a terminal."""
    user.environment |= environment
    ours, theirs = pty.openpty()
    process = user.start(*arguments, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 1 << 16)
        except OSError:  # Linux says so at the end of a terminal
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert process.wait(PATIENCE) == 0, shown
    return shown.decode()


def test_a_terminal_shows_colours_as_far_as_it_can(alone, tuned):
    utf8 = {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "NO_COLOR": ""}
    colours = on_terminal(alone, "dedupe", *tuned, **utf8)
    assert "\x1b[38;5;208" in colours
    assert "\u2588" in colours
    without = on_terminal(alone, "dedupe", "-q", *tuned, **(utf8 | {"NO_COLOR": "1"}))
    assert "\x1b" not in without
    assert "\u2588" in without
    dumb = on_terminal(alone, "dedupe", *tuned, **(utf8 | {"TERM": "dumb"}))
    assert "\x1b" not in dumb
    assert dumb.isascii()
    ascii_only = on_terminal(alone, "dedupe", *tuned, **(utf8 | {"LC_ALL": "C"}))
    assert ascii_only.isascii()


def test_a_revision_of_a_hub_against_a_local_folder(user, tmp_path):
    changed = dict(FILES)
    content = bytearray(FILES[MODEL])
    content[5_000_000:5_001_000] = bytes(1000)
    changed[MODEL] = bytes(content)
    local = write(tmp_path / "local", changed)
    report = report_of(user, "hf://org/model", local)
    hub, mine = report["versions"]
    assert len(hub["commit"]) == 40
    assert hub["size"] == sum(map(len, FILES.values()))
    assert {f["path"]: f["change"] for f in mine["files"] if f["new_bytes"]} == {MODEL: "changed"}
    assert 0 < mine["new_bytes"] <= 3 * 128 * 1024

    again = report_of(user, "--offline", "hf://org/model@main/weights/", local / "weights")
    assert [f["path"] for f in again["versions"][0]["files"]] == sorted(
        Path(name).name for name in FILES if name.startswith("weights/")
    )
    one = report_of(user, f"hf://org/model/{MODEL}", local / MODEL)
    assert one["versions"][1]["files"][0]["change"] == "changed"


def test_only_what_the_globs_choose_is_brought_from_a_hub(user, proxy):
    proxy.set_limit(None)
    [version] = report_of(user, "hf://org/model/weights", "--include", "*-2.*")["versions"]
    assert [f["path"] for f in version["files"]] == ["model-2.safetensors"]
    assert proxy.sent < 4 << 20


def test_a_private_repository_needs_a_token(user, token):
    got = user.run("dedupe", "--json", "hf://org/secret")
    assert got.returncode == 1
    assert json.loads(got.stdout.splitlines()[-1])["hub_error"] == "RepoNotFound"
    got = user.run("dedupe", "hf://org/secret", "--token-stdin", input=f"{token}\n")
    assert got.returncode == 0, got.stderr
    assert token not in got.stdout + got.stderr


def test_a_signal_stops_a_download(user, proxy):
    proxy.set_limit(6 << 20)
    process = user.start("dedupe", "hf://org/model")
    proxy.wait_until_silent()
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert time.monotonic() - begin < 2
    assert process.returncode == 130
