"""Runs a function of huggingface_hub, or of hubdist, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

# Reads {"module", "function", "kwargs", "hub"} and writes what came of it, as JSON.
_CHILD = """
import builtins, importlib, json, sys
job = json.load(sys.stdin)
import huggingface_hub, huggingface_hub.errors
module = importlib.import_module(job["module"])
try:
    value = getattr(module, job["function"])(*job["args"], **job["kwargs"])
    out = {"value": value if isinstance(value, str) else repr(value)}
except Exception as error:
    known = {**vars(builtins), **vars(huggingface_hub.errors)}
    kinds = [k.__name__ for k in type(error).__mro__]
    response = getattr(error, "response", None)
    out = {
        "raised": [k for k in kinds if k in known],
        "kinds": kinds,
        "text": str(error),
        "status": getattr(response, "status_code", None),
    }
out["version"] = huggingface_hub.__version__
json.dump(out, sys.stdout)
"""


class Raised(Exception):
    """What the function raised in its process."""

    def __init__(self, outcome: dict[str, Any]) -> None:
        super().__init__(outcome["text"])
        self.builtin_and_hub_classes: list[str] = outcome["raised"]
        self.kinds: list[str] = outcome["kinds"]
        self.status: int | None = outcome["status"]


@dataclass
class RealClient:
    """`path`: folders that come before the installed packages."""

    path: list[str]

    def call(
        self,
        function: str,
        *args: Any,
        module: str = "huggingface_hub",
        env: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> str:
        process = self.start(function, *args, module=module, env=env, **kwargs)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        outcome = json.loads(output)
        if "value" not in outcome:
            raise Raised(outcome)
        value: str = outcome["value"]
        return value

    def start(
        self,
        function: str,
        *args: Any,
        module: str = "huggingface_hub",
        env: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> subprocess.Popen[str]:
        path = os.pathsep.join([*self.path, *filter(None, sys.path)])
        process = subprocess.Popen(
            [sys.executable, "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **(env or {})},
        )
        assert process.stdin is not None
        job = {"module": module, "function": function, "args": args, "kwargs": kwargs}
        json.dump(job, process.stdin)
        process.stdin.flush()
        return process
