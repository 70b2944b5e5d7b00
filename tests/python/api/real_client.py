"""Runs a function of huggingface_hub, or of hubdist, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

# Reads a list of jobs and writes what came of each, as JSON.
_CHILD = """
import builtins, importlib, json, sys
jobs = json.load(sys.stdin)
import huggingface_hub, huggingface_hub.errors
known = {**vars(builtins), **vars(huggingface_hub.errors)}
def outcome(job):
    module = importlib.import_module(job["module"])
    try:
        value = getattr(module, job["function"])(*job["args"], **job["kwargs"])
        return {"value": value if isinstance(value, str) else repr(value)}
    except Exception as error:
        kinds = [k.__name__ for k in type(error).__mro__]
        response = getattr(error, "response", None)
        return {
            "raised": [k for k in kinds if k in known],
            "kinds": kinds,
            "text": str(error),
            "status": getattr(response, "status_code", None),
        }
json.dump([outcome(job) for job in jobs], sys.stdout)
"""


@dataclass
class Job:
    """A call of a function of `module`."""

    function: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    module: str = "huggingface_hub"


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
        """Return the function's value as text, or raise `Raised`."""
        outcome = self.call_all([Job(function, args, kwargs, module)], env)[0]
        if isinstance(outcome, Raised):
            raise outcome
        return outcome

    def call_all(self, jobs: list[Job], env: dict[str, str] | None = None) -> list[str | Raised]:
        """Call one function after another in one process."""
        process = self.start(jobs, env)
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return [o["value"] if "value" in o else Raised(o) for o in json.loads(output)]

    def start(self, jobs: list[Job], env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Begin, without waiting for the end."""
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
        json.dump([vars(job) for job in jobs], process.stdin)
        process.stdin.close()
        process.stdin = None
        return process
