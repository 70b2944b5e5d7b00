"""`hubdist get` as a person and as a program meet it."""

import hashlib
import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from program import FILES, PATIENCE, serving

TOTAL = sum(map(len, FILES.values()))
MODEL = "weights/model-1.safetensors"


def contents(folder: Path) -> dict[str, bytes]:
    """Files below `folder`, without what a download keeps for itself."""
    return {
        name: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not (name := path.relative_to(folder).as_posix()).startswith(".cache")
    }


def events(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_snapshot_comes_into_the_cache_and_its_path_is_all_of_stdout(user):
    got = user.run("get", "hf://org/model")
    assert got.returncode == 0, got.stderr
    path = Path(got.stdout.removesuffix("\n"))
    assert path.parent.parent == user.home / "hf/hub/models--org--model"
    assert contents(path) == FILES
    assert got.stderr.splitlines()[0] == f"5 files, {TOTAL / 1e6:.1f} MB"
    assert "verified: yes" in got.stderr
    assert "\x1b" not in got.stderr


def test_quiet_says_nothing_but_the_path(user):
    got = user.run("get", "-q", "hf://org/model/config.json")
    assert (got.returncode, got.stderr) == (0, "")
    assert Path(got.stdout.strip()).read_bytes() == FILES["config.json"]


def test_json_tells_every_step_and_the_result(user, proxy):
    first = user.run("get", "--json", "hf://org/model")
    said = events(first.stdout)
    assert said[0] == {"event": "planned", "files": 5, "bytes": TOTAL}
    finished = {e["path"]: e["bytes"] for e in said if e["event"] == "finished"}
    assert finished == {name: len(content) for name, content in FILES.items()}
    result = said[-1]
    assert result["event"] == "result"
    assert Path(result["path"]).name == result["commit"]
    assert (result["files"], result["bytes"]) == (5, TOTAL)
    assert (result["bytes_from_origin"], result["bytes_from_peers"]) == (TOTAL, 0)
    assert result["bytes_held"] == 0
    assert result["verified"] is True
    assert result["seconds"] > 0

    proxy.set_limit(None)
    again = events(user.run("get", "--json", "hf://org/model").stdout)[-1]
    assert (again["bytes_held"], again["bytes_from_origin"]) == (TOTAL, 0)
    assert proxy.sent < 64 << 10


def test_a_folder_takes_what_the_globs_choose(user):
    folder = user.home / "a folder with spaces"
    globs = ["--include", "*.safetensors", "--include", "*.txt", "--exclude", "*-2*"]
    got = user.run("get", "hf://org/model@main", "-o", folder, *globs)
    assert got.returncode == 0, got.stderr
    assert got.stdout == f"{folder}\n"
    chosen = {"empty.txt", MODEL, "名 前.txt"}
    assert contents(folder) == {name: FILES[name] for name in chosen}


def test_a_digest_proves_a_file_of_a_plain_url(user, proxy):
    url = f"{proxy.url}/org/model/resolve/main/{MODEL}"
    right = hashlib.sha256(FILES[MODEL]).hexdigest()
    got = user.run("get", url, "-o", user.home / "out", "--digest", f"sha256:{right}")
    assert got.returncode == 0, got.stderr
    assert "verified: yes" in got.stderr
    wrong = user.run("get", url, "-o", user.home / "wrong", "--digest", f"sha256:{'0' * 64}")
    assert wrong.returncode == 1
    assert right in wrong.stderr
    assert "0" * 64 in wrong.stderr
    assert contents(user.home / "wrong") == {}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["get"],
        ["get", "hf://"],
        ["get", "hf://a/b", "--what"],
        ["get", "hf://a/b", "--max-workers", "0"],
        ["get", "hf://a/b", "--digest", "sha256:12"],
        ["get", "hf://a/b", "-q", "--json"],
        ["get", "https://me:s3cret@host/x"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(user, arguments):
    got = user.run(*arguments)
    assert got.returncode == 2
    assert got.stdout == ""
    assert got.stderr
    assert "s3cret" not in got.stderr


def test_what_is_not_there_ends_with_1_and_a_hint(user):
    repo = user.run("get", "--json", "hf://org/nothing")
    assert repo.returncode == 1
    error = events(repo.stdout)[-1]
    assert (error["event"], error["hub_error"]) == ("error", "RepoNotFound")
    assert error["interrupted"] is False
    assert "org/nothing" in repo.stderr
    assert "hint:" in repo.stderr

    revision = user.run("get", "hf://org/model@nowhere")
    assert revision.returncode == 1
    assert "nowhere" in revision.stderr
    file = user.run("get", "hf://org/model/nothing.bin")
    assert file.returncode == 1
    assert "nothing.bin" in file.stderr


def test_a_private_repository_needs_a_token_from_stdin_or_the_environment(user, token):
    assert user.run("get", "hf://org/secret").returncode == 1
    got = user.run("get", "hf://org/secret", "--token-stdin", input=f"{token}\n")
    assert got.returncode == 0, got.stderr
    assert contents(Path(got.stdout.strip())) == FILES
    wrong = user.run("get", "hf://org/secret", "--token-stdin", "--force", input="hf_wrong\n")
    assert wrong.returncode == 1
    assert "hf_wrong" not in wrong.stdout + wrong.stderr
    nothing = user.run("get", "hf://org/secret", "--token-stdin", input="\n")
    assert nothing.returncode == 1
    assert "standard input" in nothing.stderr
    user.environment["HF_TOKEN"] = token
    assert user.run("get", "hf://org/secret", "--force").returncode == 0


def test_offline_uses_what_is_here(user, proxy):
    nothing = user.run("get", "--offline", "hf://org/model")
    assert nothing.returncode == 1
    assert user.run("get", "-q", "hf://org/model").returncode == 0
    proxy.set_limit(None)
    got = user.run("get", "--local-files-only", "hf://org/model")
    assert got.returncode == 0, got.stderr
    assert contents(Path(got.stdout.strip())) == FILES
    assert proxy.sent == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_at_once_and_keeps_what_was_received(user, proxy, number):
    most = 6 << 20
    proxy.set_limit(most)
    process = user.start("get", "hf://org/model", "--max-workers", "1")
    proxy.wait_until_silent()
    time.sleep(0.2)  # for what is under way between the proxy and the program's disk
    begin = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - begin < 2
    assert process.returncode == 128 + number
    assert out == ""
    assert "kept" in err

    proxy.set_limit(None)
    again = user.run("get", "hf://org/model")
    assert again.returncode == 0, again.stderr
    assert contents(Path(again.stdout.strip())) == FILES
    # Records are made for each MiB; and a little is headers and listings.
    assert proxy.sent < TOTAL - most + (3 << 20)


def ignoring(*numbers: signal.Signals):
    """What a parent that ignores these signals (nohup, a background job) leaves to its child."""

    def prepare():
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)

    return prepare


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_the_parent_ignored_stays_ignored(user, proxy, number):
    proxy.set_limit(1 << 20)
    process = user.start("get", "hf://org/model", preexec_fn=ignoring(number))
    proxy.wait_until_silent()
    for _ in range(2):  # a second one would end the process without any farewell
        process.send_signal(number)
        time.sleep(0.1)
    assert process.poll() is None
    proxy.set_limit(None)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert contents(Path(out.strip())) == FILES


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_a_token(user, number):
    process = user.start("get", "--token-stdin", "hf://org/model", stdin=subprocess.PIPE)
    process.stdin.write("hf_half of a tok")
    process.stdin.flush()
    time.sleep(0.3)  # until it waits for the rest
    assert process.poll() is None
    begin = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=PATIENCE) == 128 + number
    assert time.monotonic() - begin < 2
    process.communicate()


def read_terminal(descriptor: int) -> bytes:
    """What a program writes to a terminal until it closes it."""
    written = b""
    while select.select([descriptor], [], [], PATIENCE)[0]:
        try:
            data = os.read(descriptor, 1 << 16)
        except OSError:  # Linux says so at the end of a terminal
            break
        if not data:
            break
        written += data
    return written


@pytest.mark.parametrize("terminal", ["xterm", "dumb"])
def test_a_terminal_shows_a_bar_unless_it_is_dumb(user, proxy, terminal):
    user.environment["TERM"] = terminal
    proxy.set_limit(8 << 20)
    ours, theirs = pty.openpty()
    process = user.start("get", "hf://org/model", stderr=theirs)
    os.close(theirs)
    proxy.wait_until_silent()
    time.sleep(0.5)  # a few frames of the bar
    proxy.set_limit(None)
    shown = read_terminal(ours).decode()
    out, _ = process.communicate(timeout=PATIENCE)
    os.close(ours)
    assert process.returncode == 0
    assert contents(Path(out.strip())) == FILES
    bar = "\r" in shown.replace("\r\n", "") and "% [" in shown and "left" in shown
    assert bar == (terminal == "xterm")
    assert "verified: yes" in shown


def test_a_closed_standard_output_is_no_crash(user):
    read, write = os.pipe()
    os.close(read)
    process = user.start("get", "--json", "hf://org/model", stdout=write)
    os.close(write)
    process.communicate(timeout=PATIENCE)
    assert process.returncode >= 0


@pytest.mark.parametrize("linger", [True, False])
def test_two_nodes_read_the_hub_once(user, proxy, tmp_path, linger):
    home = {"HUBDIST_HOME": str(tmp_path / "shared")}
    nodes = []
    user.environment |= home
    with serving(user, tmp_path, "tracker") as port:
        for n in range(2):
            user.environment["HF_HOME"] = str(tmp_path / f"node{n}")
            command = ["get", "--json", "hf://org/model", "--tracker", f"127.0.0.1:{port}"]
            nodes.append(user.start(*command, *(["--linger"] if linger else [])))
        results = []
        for node in nodes:
            out, err = node.communicate(timeout=2 * PATIENCE)
            assert node.returncode == 0, err
            results.append(next(e for e in events(out) if e["event"] == "result"))
    for result in results:
        assert contents(Path(result["path"])) == FILES
    if linger:
        assert sum(r["bytes_from_origin"] for r in results) == TOTAL
        assert proxy.sent < TOTAL * 1.01 + (64 << 10)


def test_version(user):
    for arguments in (["version"], ["--version"]):
        got = user.run(*arguments)
        assert got.returncode == 0
        assert got.stdout.startswith("hubdist ")
