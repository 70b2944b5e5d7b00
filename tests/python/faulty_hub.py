"""A reverse proxy before a hub that misbehaves as told: the network and the servers of bad days."""

import http.client
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PIECE = 256 << 10  # bytes that are sent and counted at a time


@dataclass
class Answer:
    """What the hub answered, before a fault changes it."""

    status: int
    headers: dict[str, str]
    body: bytes
    extra: bytes = b""  # sent behind what Content-Length announces
    cut_at: int | None = None  # the connection ends after so many bytes of the body
    stall_at: int | None = None  # nothing more comes after so many bytes, until the hub is closed


@dataclass
class Fault:
    """Changes the next `times` answers to requests that fit."""

    change: Callable[[Answer], Answer]
    path: str = "/resolve/"
    method: str = "GET"
    times: int = 1


@dataclass
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class FaultyHub:
    """Use as a context manager; `url` is the endpoint. Thread-safe."""

    upstream: str
    faults: list[Fault] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    body_bytes: int = 0  # sent in bodies so far

    def __enter__(self):
        self.lock = threading.Lock()
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def fault(self, change, **where):
        """Adds a fault behind those that wait already."""
        with self.lock:
            self.faults.append(Fault(change, **where))

    def requests(self, method: str, path: str) -> list[Seen]:
        """Those seen so far whose path contains `path`."""
        with self.lock:
            return [s for s in self.seen if s.method == method and path in s.path]

    def _next_fault(self, method: str, path: str):
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.method == method and fault.path in path:
                    fault.times -= 1
                    return fault.change
        return lambda answer: answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FaultyHub

    def log_message(self, *_):
        pass

    def parse_request(self):
        """Takes what is asked of a proxy, an absolute URL, for a path."""
        parsed = super().parse_request()
        if parsed and "://" in self.path:
            self.path = "/" + self.path.split("/", 3)[3]
        return parsed

    def _forward(self) -> Answer:
        parts = urllib.parse.urlsplit(self.hub.upstream)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            connection.request(self.command, self.path, headers=headers)
            response = connection.getresponse()
            dropped = {"connection", "transfer-encoding", "keep-alive"}
            kept = {k: v for k, v in response.getheaders() if k.lower() not in dropped}
            return Answer(response.status, kept, response.read())
        finally:
            connection.close()

    def _answer(self):
        with self.hub.lock:
            self.hub.seen.append(Seen(self.command, self.path, dict(self.headers)))
        answer = self.hub._next_fault(self.command, self.path)(self._forward())
        self.send_response(answer.status)
        headers = dict(answer.headers)
        if self.command != "HEAD":
            headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}
            headers["Content-Length"] = str(len(answer.body))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(answer)

    def _send_body(self, answer: Answer):
        body = answer.body + answer.extra
        end = min(x for x in (len(body), answer.cut_at, answer.stall_at) if x is not None)
        for begin in range(0, end, _PIECE):
            piece = body[begin : min(begin + _PIECE, end)]
            try:
                self.wfile.write(piece)
            except OSError:
                return
            with self.hub.lock:
                self.hub.body_bytes += len(piece)
        if answer.stall_at is not None:
            self.hub.closing.wait()
        if end < len(body) or answer.extra:
            self.close_connection = True

    do_GET = do_HEAD = _answer


# --- Faults --------------------------------------------------------------------------------------


def status(code: int, **headers: str):
    """Another status, with an empty body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(code, named | {"Content-Length": "0"}, b"")


def cut(after: int):
    def change(answer):
        answer.cut_at = after
        return answer

    return change


def stall(after: int):
    def change(answer):
        answer.stall_at = after
        return answer

    return change


def more(extra: bytes):
    def change(answer):
        answer.body += extra
        return answer

    return change


def flip(offset: int):
    def change(answer):
        body = bytearray(answer.body)
        body[offset % len(body)] ^= 1
        answer.body = bytes(body)
        return answer

    return change


def slow(seconds: float):
    def change(answer):
        time.sleep(seconds)
        return answer

    return change
