"""A hub that gives one wrong answer to everything; which one stands first in the path."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SickHub:
    """Use as a context manager. `url("403")` is the endpoint of a hub that answers HTTP 403 to
    everything, `url("portal")` of a network that wants a log-in first: HTTP 200 and a page.
    """

    def __enter__(self) -> SickHub:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def url(self, answer: str) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/{answer}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        what = self.path.split("/")[1]
        body = b"<html>Who are you?</html>" if what == "portal" else b""
        self.send_response(200 if what == "portal" else int(what))
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if what == "429":
            self.send_header("Retry-After", "0")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_GET = do_HEAD = _answer
