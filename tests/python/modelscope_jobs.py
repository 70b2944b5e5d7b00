"""Runs calls of the real modelscope, which is imported once for all of them.

Reads a JSON list of [function, arguments, keyword arguments] from standard input, and prints a
JSON list of {"result": ...} or {"raised": class, "said": message}.
"""

import json
import os
import sys

told = os.dup(1)
os.dup2(2, 1)  # modelscope prints

from modelscope import HubApi, model_file_download, snapshot_download  # noqa: E402
from modelscope.hub.file_download import dataset_file_download  # noqa: E402
from modelscope.hub.snapshot_download import dataset_snapshot_download  # noqa: E402


def login(token: str, endpoint: str) -> None:
    HubApi(endpoint=endpoint).login(token)


def commits(repo: str, repo_type: str, endpoint: str) -> list[str]:
    api = HubApi(endpoint=endpoint)
    return [c.id for c in api.list_repo_commits(repo, repo_type=repo_type).commits]


FUNCTIONS = {
    f.__name__: f
    for f in (
        snapshot_download,
        model_file_download,
        dataset_snapshot_download,
        dataset_file_download,
        login,
        commits,
    )
}


def run(name: str, args: list, kwargs: dict) -> dict:
    try:
        return {"result": FUNCTIONS[name](*args, **kwargs)}
    except Exception as error:
        return {"raised": type(error).__name__, "said": str(error)}


results = [run(*job) for job in json.load(sys.stdin)]
os.write(told, json.dumps(results).encode())
