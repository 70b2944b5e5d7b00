"""A TCP proxy on loopback that counts what passes: an independent witness of who sent how much."""

import socket
import threading

_BUFFER = 1 << 18


class CountingProxy:
    """Forwards every connection to (host, port) and counts the bytes of each direction.

    Thread-safe. `from_target` is what the target sent, `to_target` what it was sent, both with HTTP
    headers and all; `connections` is how often it was connected to. Use as a context manager.
    """

    def __init__(self, target: tuple[str, int]):
        self._target = target
        self._lock = threading.Lock()
        self.from_target = 0
        self.to_target = 0
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = self._listener.getsockname()

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def __enter__(self) -> "CountingProxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._listener.close()

    def reset(self) -> None:
        """Begins to count at zero again."""
        with self._lock:
            self.from_target = self.to_target = self.connections = 0

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            with self._lock:
                self.connections += 1
            for pump in ((client, server, "to_target"), (server, client, "from_target")):
                threading.Thread(target=self._pump, args=pump, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counter: str) -> None:
        buffer = memoryview(bytearray(_BUFFER))
        try:
            while size := source.recv_into(buffer):
                with self._lock:
                    setattr(self, counter, getattr(self, counter) + size)
                sink.sendall(buffer[:size])
        except OSError:
            pass  # either side went away: so does the other
        for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
            try:
                end.shutdown(how)
            except OSError:
                pass
