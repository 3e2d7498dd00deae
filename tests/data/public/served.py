"""A server on this machine, and a public set on it made in the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

from throughtime.data.public import PublicFile, PublicSet


class Served:
    """Contents by path; `cut` of them end before they should; `asked` are the paths asked for."""

    def __init__(self, contents: dict[str, bytes], cut: set[str]) -> None:
        self.contents = contents
        self.cut = cut
        self.asked: list[str] = []
        self.base = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        content = self.contents.get(request.path)
        if content is None:
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: len(content) // 2] if request.path in self.cut else content)


@contextmanager
def serving(contents: dict[str, bytes], cut: set[str] = frozenset()) -> Iterator[Served]:
    served = Served(contents, cut)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *words: object) -> None:
            pass

    # Not by way of a proxy that the machine may have.
    with patch.dict("os.environ", NO_PROXY="127.0.0.1"), ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.base = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def public_file(path: str, source: str, content: bytes, **more: object) -> PublicFile:
    return PublicFile(path, source, sha256(content).hexdigest(), len(content), **more)


def public_set(base: str, *files: PublicFile, obtain: str = "") -> PublicSet:
    return PublicSet("made_up", "two files", "none", "nobody", files, base, obtain)
