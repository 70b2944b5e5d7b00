"""A hub that is killed in the middle of its work, and goes on where it was."""

import base64
import hashlib
import http.client
import json
import random
import threading
import time
from urllib.parse import urlsplit

WRITERS = 4
KILLS = 5


class Writer(threading.Thread):
    """Commits to a branch of its own, and remembers what was answered."""

    def __init__(self, number: int, token: str):
        super().__init__()
        self.branch = f"branch-{number}"
        self.random = random.Random(number)
        self.headers = {"Authorization": f"Bearer {token}"}
        self.files: dict[str, bytes] = {}
        self.unsure: dict[str, set[bytes]] = {}  # that a commit without an answer may have written
        self.answers = 0
        self.endpoint: str | None = None
        self.done = False

    def ask(self, method: str, path: str, body: bytes | str) -> bytes:
        url = urlsplit(path if path.startswith("http") else self.endpoint + path)
        connection = http.client.HTTPConnection(url.netloc, timeout=30)
        try:
            connection.request(method, f"{url.path}?{url.query}", body, self.headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{answer.status} {content!r}")
        return content

    def upload(self, content: bytes) -> str:
        oid = hashlib.sha256(content).hexdigest()
        batch = {"operation": "upload", "objects": [{"oid": oid, "size": len(content)}]}
        answer = self.ask("POST", "/ada/m.git/info/lfs/objects/batch", json.dumps(batch))
        actions = json.loads(answer)["objects"][0].get("actions")
        if actions:
            self.ask("PUT", actions["upload"]["href"], content)
        return oid

    def commit(self) -> None:
        name = f"folder{self.random.randrange(3)}/file{self.random.randrange(20)}"
        content = self.random.randbytes(self.random.randrange(2000))
        self.unsure.setdefault(name, set()).add(content)
        if self.random.randrange(3) == 0:
            oid = self.upload(content)
            operation = {"key": "lfsFile", "value": {"path": name, "algo": "sha256", "oid": oid}}
        else:
            text = base64.b64encode(content).decode()
            operation = {
                "key": "file",
                "value": {"path": name, "encoding": "base64", "content": text},
            }
        lines = [{"key": "header", "value": {"summary": "s", "description": ""}}, operation]
        body = "\n".join(map(json.dumps, lines))
        self.ask("POST", f"/api/models/ada/m/commit/{self.branch}", body)
        self.files[name] = content
        self.unsure.pop(name)
        self.answers += 1

    def run(self) -> None:
        while not self.done:
            try:
                self.commit()
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)  # the hub was killed: it comes again

    def check(self) -> None:
        """Nothing of what was answered is lost."""
        for name, content in self.files.items():
            found = self.ask("GET", f"/ada/m/resolve/{self.branch}/{name}", "")
            assert found == content or found in self.unsure.get(name, ()), (self.branch, name)


def test_kill_in_the_middle_of_commits(hub):
    """A kill leaves all that was answered; the next start needs no repair.

    It leaves what the system has in memory, too: what a disk may lose is tried in
    tests/server/hub_crash_test.cc.
    """
    token = hub.token_add("ada", "--write")
    writers = [Writer(i, token) for i in range(WRITERS)]
    for writer in writers:
        writer.endpoint = hub.endpoint
    writers[0].ask("POST", "/api/repos/create", json.dumps({"name": "m"}))
    for writer in writers:
        writer.ask("POST", f"/api/models/ada/m/branch/{writer.branch}", "{}")
        writer.start()
    try:
        for kill in range(KILLS):
            wanted = sum(w.answers for w in writers) + 20 + kill
            while sum(w.answers for w in writers) < wanted:
                assert all(w.is_alive() for w in writers)
                time.sleep(0.003)
            hub.process.kill()
            hub.process.communicate()
            hub.start()
            for writer in writers:
                writer.endpoint = hub.endpoint
    finally:
        for writer in writers:
            writer.done = True
        for writer in writers:
            writer.join()
    for writer in writers:
        writer.check()
    assert "all is whole" in hub.run("fsck")
