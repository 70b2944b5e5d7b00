"""Fixtures for the tests of the hubdist program: a hub, a proxy before it, a user's home."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from program import FILES, Proxy, User, serving


@pytest.fixture(scope="session")
def hub_folder(tmp_path_factory) -> Path:
    """The folder of the hub, of what is in it, and of ada's token."""
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="session")
def hub(hub_folder: Path) -> Iterator[int]:
    """The port of a hub with org/model (public) and org/secret (private, read by ada)."""
    folder = hub_folder
    for path, content in FILES.items():
        file = folder / "model" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    owner = User(folder)
    root = folder / "root"
    for name, *more in (("org/model",), ("org/secret", "--private", "--reader", "ada")):
        added = owner.run("hub", "add", folder / "model", name, "--root", root, *more)
        assert added.returncode == 0, added.stderr
    token = owner.run("hub", "token", "add", "ada", "--root", root)
    assert token.returncode == 0, token.stderr
    (folder / "ada-token").write_text(token.stdout)
    with serving(owner, folder, "hub", "serve", "--root", root) as port:
        yield port


@pytest.fixture(scope="session")
def token(hub, hub_folder: Path) -> str:
    return (hub_folder / "ada-token").read_text().strip()


@pytest.fixture
def proxy(hub) -> Iterator[Proxy]:
    proxy = Proxy(hub)
    yield proxy
    proxy.close()


@pytest.fixture
def user(proxy, tmp_path) -> User:
    return User(tmp_path, {"HF_ENDPOINT": proxy.url})
