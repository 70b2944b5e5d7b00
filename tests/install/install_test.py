"""Installs the built tree into an empty folder, then builds and runs a consumer against it.

Usage: install_test.py BUILD_FOLDER. The consumer finds the library by find_package(hubdist) alone,
and downloads a snapshot from a hub that the installed program serves.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
EXAMPLES = SOURCE.parent.parent / "examples"
PATIENCE = 30  # seconds until a server says where it listens


def run(*command: str | Path, **options) -> str:
    """Runs a command and returns its output; ends the test when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n{command[0]} ended with status {done.returncode}")
    return done.stdout


def clean_environment(**values: str | Path) -> dict[str, str]:
    """The environment without what would steer a hub client, and `values` in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUBDIST_"))}
    return kept | {k: str(v) for k, v in values.items()}


def build_consumer(build: Path, prefix: Path, folder: Path) -> None:
    """Configures and builds the consumer with the compiler and flags of the build folder."""
    cache = (build / "CMakeCache.txt").read_text()
    same = [
        f"-D{name}={value}"
        for name, value in re.findall(
            r"^(CMAKE_CXX_COMPILER(?:_LAUNCHER)?|CMAKE_BUILD_TYPE|CMAKE_CXX_FLAGS):\w+=(.+)$",
            cache,
            re.MULTILINE,
        )
    ]
    settings = [f"-DCMAKE_PREFIX_PATH={prefix}", f"-DHUBDIST_EXAMPLES={EXAMPLES}", *same]
    run("cmake", "-S", SOURCE / "consumer", "-B", folder, "-G", "Ninja", *settings)
    run("cmake", "--build", folder)
    cache = (folder / "CMakeCache.txt").read_text()
    found = re.search(r"^hubdist_DIR:\w+=(.*)$", cache, re.MULTILINE)
    assert found, "the consumer's cache does not say where it found hubdist"
    assert found.group(1).startswith(str(prefix)), f"found another hubdist: {found.group(1)}"


def check_exported(prefix: Path, build: Path) -> None:
    """The package must not point back into the trees that it was made from."""
    for file in prefix.rglob("*.cmake"):
        for tree in (build, SOURCE.parent.parent):
            assert str(tree) not in file.read_text().replace(str(prefix), ""), (
                f"{file.name} names {tree}"
            )


def check_alone(program: Path) -> None:
    """What links hubdist::core needs no library for networks."""
    needed = run("ldd", program)
    for name in ("curl", "ssl", "boost", "protobuf"):
        assert f"lib{name}" not in needed, f"{program.name} needs lib{name}:\n{needed}"


@contextmanager
def serving_hub(program: Path, model: Path, work: Path) -> Iterator[str]:
    """A hub with the folder `model` as org/model; yields its URL."""
    root, port_file = work / "root", work / "port"
    run(program, "hub", "add", model, "org/model", "--root", root, env=clean_environment())
    serve = [program, "hub", "serve", "--root", root, "--listen", "127.0.0.1:0"]
    server = subprocess.Popen([*serve, "--port-file", port_file], env=clean_environment())
    try:
        deadline = time.monotonic() + PATIENCE
        while not port_file.exists():
            assert server.poll() is None, "the hub ended"
            assert time.monotonic() < deadline, f"the hub did not start within {PATIENCE} s"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port_file.read_text().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def check_download(program: Path, consumer: Path, work: Path) -> None:
    """The consumer downloads what the installed program serves."""
    model = work / "model"
    model.mkdir()
    (model / "config.json").write_text('{"model_type": "test"}\n')
    (model / "model.safetensors").write_bytes(bytes(range(256)) * 20_000)
    with serving_hub(program, model, work) as endpoint:
        environment = clean_environment(
            HF_ENDPOINT=endpoint, HF_HOME=work / "cache", HUBDIST_HOME=work / "home"
        )
        snapshot = Path(run(consumer, "org/model", env=environment).strip())
    for file in model.iterdir():
        assert (snapshot / file.name).read_bytes() == file.read_bytes(), f"{file.name} differs"


def main() -> int:
    """Installs, builds, runs; 0 when all of it works."""
    build = Path(sys.argv[1]).resolve()
    work = build / "install_test"
    shutil.rmtree(work, ignore_errors=True)
    prefix, consumer = work / "prefix", work / "build"
    for component in ("dev", "program"):
        run("cmake", "--install", build, "--prefix", prefix, "--component", component)
    check_exported(prefix, build)
    build_consumer(build, prefix, consumer)
    program = prefix / "bin" / "hubdist"
    version = run(program, "version").split()[1]
    core = run(consumer / "uses_core").split()
    assert core[:2] == [version, "a.txt"], core
    assert core[3:] == ["131072", "262144", "300000"], core  # where zeros are cut
    compared = run(consumer / "dedupe")
    assert 'new in "new": bytes ' in compared, compared
    check_alone(consumer / "dedupe")
    check_download(program, consumer / "download", work)
    shutil.rmtree(work)
    print(f"install: hubdist {version} found, linked and run from an empty prefix")
    return 0


if __name__ == "__main__":
    sys.exit(main())
