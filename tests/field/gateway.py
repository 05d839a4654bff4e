"""A licence gateway that answers what a test says."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.gateway.tree import PageSigner, leaf_hash, root_and_paths
from sandbox.world import digits

NAME = "business_licence"
SIGNER = PageSigner(7)
Answer = tuple[int, Mapping[str, str], bytes]
Handler = Callable[[str, Mapping[str, str]], Answer]
"""(Path, query) → the answer."""


class Server:
    """``calls``: (path, query, headers) of every call."""

    def __init__(self, handler: Handler) -> None:
        self.calls: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = []
        outer = self

        class Handled(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.calls.append((parts.path, query, headers))
                status, more, body = handler(parts.path, query)
                self.send_response(status)
                for name, value in {**more, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handled)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(handler: Handler) -> Iterator[Server]:
    server = Server(handler)
    try:
        yield server
    finally:
        server.close()


def settings(url: str, **more: Any) -> dict[str, Any]:
    secrets = {"rid": "r", "sid": "s", "secret": "x", "key_id": SIGNER.key_id, "public_key": SIGNER.public_key}
    return {"url": url, **secrets, **more}


def says(value: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return status, named, json.dumps(value, ensure_ascii=False).encode()


def page(records: Sequence[Mapping[str, Any]], following: str, more: bool, signed_at: str = "") -> dict[str, Any]:
    """A signed page."""
    texts = [json.dumps(record, ensure_ascii=False) for record in records]
    root, paths = root_and_paths([leaf_hash(text) for text in texts])
    signed_at = signed_at or datetime.now(UTC).isoformat()
    items = [
        {"index": index, "record": text, "path": [node.hex() for node in path]}
        for index, (text, path) in enumerate(zip(texts, paths, strict=True))
    ]
    head = {"root": root.hex(), "size": len(texts), "signedAt": signed_at, "keyId": SIGNER.key_id}
    signature = SIGNER.sign(root.hex(), len(texts), signed_at)
    return {**head, "items": items, "signature": signature, "next": following, "more": more}


def licence(number: int, version: int = 1, **changes: Any) -> dict[str, Any]:
    """A record of the gateway."""
    issuer, owner = "11100000000013338W011", "11430000006122244L"
    return {
        "zzbs": digits.elicence_id(issuer, owner, f"{20230000000 + number}", 1), "version": version, "zzmc": "营业执照",
        "zzlxdm": "11100000000013338W01", "zzbh": f"{number}", "zzbfjg": "局", "zzbfjgdm": "11120000000012345X",
        "zzbfrq": "2021-03-04", "zzyxqqsrq": "2021-03-04", "zzyxqjzrq": "长期", "zzzt": "1",
        "uniscid": digits.uscc("91120104", f"{number + 10000000:08d}"), "entname": f"公司{number}",
        "enttype": "有限责任公司", "dom": "天津市南开区长江道12号", "lerep": "王伟", "lerep_zjlx": "1",
        "lerep_zjh": "360426199101010071", "regcap": "100", "opscope": "x", "former_names": None, "regstate": "存续",
        "xzqhdm": "120104", "czzt": None, "czztdm": None, "czztdmlx": None, "zzbgsj": None, "zzbgyy": None, **changes,
    }  # fmt: skip
