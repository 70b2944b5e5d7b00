"""Programs of real clients in processes of their own, which know the hub by HF_ENDPOINT alone."""

import os
import subprocess
import sys
from pathlib import Path


def environment(endpoint: str, token: str | None, home: Path, *, xet: bool = False) -> dict:
    """What a user of a hub sets; `home`: where caches lie."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    return {
        **kept,
        **({"HF_TOKEN": token} if token else {}),
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "0" if xet else "1",
    }


def python(code: str, environment: dict, *arguments: object) -> str:
    """Runs a program; what it printed."""
    return run([sys.executable, "-c", code, *map(str, arguments)], environment)


def hf(environment: dict, *arguments: object) -> str:
    """Runs the `hf` command."""
    command = [sys.executable, "-m", "huggingface_hub.cli.hf", *map(str, arguments)]
    return run(command, environment)


def run(command: list[str], environment: dict) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def came_by_xet(root: Path) -> bool:
    """Whether the hub in `root` has received contents by Xet."""
    return any(root.glob("xet-*"))
