"""The clients behind the module's functions: one for each set of options, kept by the process."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

from ._core import Client, ClientOptions

# Clients without an exchange hold nothing but connections: so many are kept for the next call.
_IDLE_LIMIT = 8

_lock = threading.Lock()
_clients: OrderedDict[str, Client] = OrderedDict()
_watching_forks = False


def shared_client(options: ClientOptions) -> Client:
    """Return the process's client for `options`. Thread-safe.

    A client that takes part in an exchange is kept as long as the process lives, so that its node
    serves on.
    """
    global _watching_forks
    name = options.fingerprint
    with _lock:
        if not _watching_forks:
            os.register_at_fork(after_in_child=_forget)
            _watching_forks = True
        client = _clients.get(name)
        if client is not None and not client.closed:
            _clients.move_to_end(name)
            return client
    made = Client(options)
    with _lock:
        client = _clients.get(name)
        if client is None or client.closed:
            client = _clients[name] = made
        idle = [n for n, c in _clients.items() if c.options.tracker == "off" and n != name]
        for stale in idle[: max(0, len(idle) - _IDLE_LIMIT)]:
            # Not closed: a call of another thread may be under way, and the last one ends it.
            del _clients[stale]
        return client


def _forget() -> None:
    # The parent's clients have no threads in a forked child.
    global _lock
    _lock = threading.Lock()
    _clients.clear()
