"""What a signature covers: the components of a request (RFC 9421 §2) and the text that is signed (§2.5)."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Self

from starlette.requests import Request

from hub.web.signatures.structured import InnerList, Malformed

_FOLD: Final = re.compile(r"[ \t]*\r?\n[ \t]+")
"""The obsolete folding of a line (RFC 9112 §5.2)."""
_PORTS: Final = {"http": ":80", "https": ":443"}
DERIVED: Final = ("@method", "@authority", "@path", "@query", "@scheme", "@target-uri", "@request-target")
"""The derived components (§2.2) that are understood; others, and parameters of components, are refused."""


class Message(NamedTuple):
    """A request as it was received. ``path`` and ``query`` as they were sent, the query without its question mark;
    ``headers``: (name in small letters, value)."""

    method: str
    scheme: str
    host: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, request: Request) -> Self:
        """The message of a request. Headers of a proxy are not believed: the scheme is that of this connection."""
        scope = request.scope
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        host = next((value for name, value in headers if name == "host"), "")
        return cls(scope["method"], scope["scheme"], host, path.partition("?")[0], query, headers)

    def header(self, name: str) -> str | None:
        """The value of a header, several joined as §2.1 says: without the blanks around each, and a folded line as one
        blank. Blanks inside are the signer's own. ``None`` when there is none."""
        found = [_FOLD.sub(" ", value).strip(" \t") for one, value in self.headers if one == name]
        return ", ".join(found) if found else None

    def component(self, name: str) -> str:
        """The value of a component. Raises ``Malformed`` for one that the request does not have."""
        if name.startswith("@"):
            derived = self._derived()
            if name not in derived:
                raise Malformed
            return derived[name]
        value = self.header(name) if name == name.lower() else None
        if value is None:
            raise Malformed
        return value

    def _derived(self) -> Mapping[str, str]:
        authority = self.host.strip().lower().removesuffix(_PORTS.get(self.scheme, ""))
        path = self.path or "/"
        target = f"{path}?{self.query}" if self.query else path
        values = (self.method, authority, path, f"?{self.query}", self.scheme, f"{self.scheme}://{authority}{target}")
        return dict(zip(DERIVED, (*values, target), strict=True))


def base(message: Message, covered: InnerList) -> bytes:
    """The text that is signed (§2.5). Raises ``Malformed`` for a component that is named twice or that the request does
    not have."""
    if len(set(covered.items)) < len(covered.items):
        raise Malformed
    lines = [f'"{name}": {message.component(name)}' for name in covered.items]
    text = "\n".join([*lines, f'"@signature-params": {covered.text()}'])
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed from None
