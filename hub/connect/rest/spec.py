"""``[rest]`` of a ``connector.toml``: a REST service as its manual describes it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from hub.connect.frozen import OPERATIONS, Frozen, Operation, listed

Name = Annotated[str, Field(min_length=1, max_length=128)]
Place = Annotated[str, Field(max_length=256)]
"""Where something is in an answer: the names of the objects from outside to inside, with dots."""
Target = Annotated[str, Field(pattern=r"^/[!-~]*$", max_length=512)]
Constant = str | int | bool
Form = Annotated[str, Field(pattern=r"^(milliseconds|seconds|.*%Y.*)$", max_length=64)]
VersionForm = Annotated[str, Field(pattern=r"^(number|milliseconds|seconds|.*%Y.*)$", max_length=64)]
_OFFERED = frozenset(("value", "purpose", "legal_basis", "service_item", "business_number", "ticket"))
_OF_A_FILE = frozenset(("key", "purpose", "legal_basis", "service_item", "business_number"))
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "national": ("rid", "sid", "secret"),
    "api-key": ("api_key",),
    "bearer": ("token",),
    "oauth2": ("client_id", "client_secret"),
}
_CERTIFICATE = ("client_certificate", "client_key")


class AuthSpec(Frozen):
    """How calls show who we are. What is secret comes from the settings of the connector."""

    by: Literal["none", "national", "api-key", "bearer", "oauth2"] = Field(
        "none",
        description="`national`: the signature of the national exchange (settings rid, sid, secret); `api-key`: a key "
        "in a header (api_key); `bearer`: a fixed token (token); `oauth2`: a token for client credentials (client_id, "
        "client_secret; RFC 6749 §4.4), renewed before it runs out and once after a 401.",
    )
    header: Name = Field("X-Api-Key", description="`api-key`: the header with the key.")
    token_path: Target = Field("/oauth/token", description="`oauth2`: where a token is fetched, below the base URL.")
    credentials: Literal["basic", "form"] = Field(
        "basic", description="`oauth2`: client id and secret as HTTP Basic, or as fields of the form."
    )
    scope: str = Field("", max_length=256, description="`oauth2`: the scope that is asked for; empty for none.")
    token: Place = Field("access_token", description="`oauth2`: where the token is in the answer.")
    expires: Place = Field("expires_in", description="`oauth2`: where its time of life lies, in seconds.")
    certificate: bool = Field(
        False,
        description="Mutual TLS: our own certificate at each connection (settings client_certificate and client_key, "
        "PEM files). Together with any `by`.",
    )

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that the connector declares for it."""
        return (*_SETTINGS[self.by], *(_CERTIFICATE if self.certificate else ()))


class ResultSpec(Frozen):
    """The service's own code in an answer, beside the status of HTTP. A code that is in no list says neither yes nor
    no: the call is made again later."""

    code: Place = Field(description="Where the code lies.")
    ok: tuple[str, ...] = Field(min_length=1, description="Codes that say yes.")
    empty: tuple[str, ...] = Field((), description="Codes that say: yes, and there is nothing.")
    retry: tuple[str, ...] = Field((), description="Codes after which the call is made again later.")
    expired: tuple[str, ...] = Field(
        (),
        description="Codes that say that our token, or the code of a listed licence, has run out: it is fetched again, "
        "once. A code that means no as well is in `refuse` too: it says no when it comes again.",
    )
    refuse: tuple[str, ...] = Field(
        (), description="Codes that say no: a question is refused with LOOKUP_REFUSED, a feed stops for the operator."
    )
    pass_on: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")], ...] = Field(
        (), description="Codes that say no like those of `refuse`: the question is refused with the code itself."
    )


class CallSpec(Frozen):
    """One kind of call."""

    path: Target = Field(description="The path below the base URL.")
    method: Literal["GET", "POST"] = Field("GET", description="The method of HTTP.")
    body: Literal["json", "form"] = Field(
        "json",
        description="How a POST carries its parameters. In JSON, a name with dots (`page.no`) is a place in objects.",
    )
    constant: Mapping[str, Constant] = Field(default_factory=dict, description="Parameters that are always the same.")


class RowsSpec(CallSpec):
    """A call that is answered with rows."""

    rows: Place = Field("", description="Where the list of rows lies, or a single row; empty: the answer itself.")


class WindowSpec(Frozen):
    """A feed by the time of the last change: asks for what changed since the end of the window before."""

    since: Name = Field(description="The parameter with the beginning.")
    until: str = Field("", max_length=128, description="The parameter with the end; empty where there is none.")
    form: Form = Field(
        "%Y-%m-%d %H:%M:%S",
        description="The form of both: milliseconds, seconds, or a form such as %Y-%m-%d %H:%M:%S in Beijing time.",
    )
    begin: date = Field(description="The day with which the first window begins.")
    span_s: float = Field(86_400, gt=0, description="The longest window, seconds.")
    lag_s: float = Field(120, ge=0, description="How late a row may appear, differences of clocks included, seconds.")
    sweep_s: float = Field(60, gt=0, description="How often late rows are looked for, seconds.")


class FeedSpec(RowsSpec):
    """The feed: pages of changes."""

    paging: Literal["none", "cursor", "page", "offset"] = Field(
        description="`cursor`: each page says where the next begins; `page`: pages have numbers; `offset`: pages begin "
        "after so many rows; `none`: one answer has all. `page` and `offset` without a window need a list to which "
        "rows are only added, at its end."
    )
    at: str = Field("", max_length=128, description="The parameter with the cursor, the page's number or the offset.")
    size: str = Field("", max_length=128, description="The parameter with the number of rows in a page.")
    first: int = Field(1, ge=0, le=1, description="`page`: the number of the first page.")
    next: Place = Field("", description="`cursor`: where the next cursor lies.")
    more: Place = Field(
        "",
        description="Where a flag says whether there is more. Without it, `total` says so, or with a cursor that a "
        "page has rows.",
    )
    total: Place = Field(
        "", description="Where the number of all rows is: of the window, if there is one, else of the list."
    )
    window: WindowSpec | None = Field(None, description="The feed asks by time.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.paging == "none") == bool(self.at):
            raise ValueError("`at` names the parameter of `paging`, and is empty for none")
        if (self.paging == "cursor") != bool(self.next):
            raise ValueError("`next` says where the next cursor lies; only for paging by cursor")
        if self.paging in ("page", "offset") and not self.size:
            raise ValueError("`size` names the parameter with the number of rows")
        if self.paging == "none" and not self.window:
            raise ValueError("`none` is for a feed with a window: a list is not read as a whole again and again")
        if self.paging in ("page", "offset") and not (self.total or (self.more and not self.window)):
            raise ValueError("pages by number or offset need `total`, or `more` where there is no window")
        return self


class RowSpec(Frozen):
    """What names a row, and what is done with it."""

    key: Annotated[tuple[Place, ...], BeforeValidator(listed)] = Field(
        min_length=1, max_length=10, description="The column that names a row, or a list where several do."
    )
    version: Place = Field(
        "",
        description="The column that grows with each change of a row; empty for rows that never change, such as "
        "events: then another content under the same key is stored beside the first one.",
    )
    version_as: VersionForm = Field(
        "number",
        description="What it holds: number, milliseconds, seconds, or a form such as %Y-%m-%d %H:%M:%S in Beijing "
        "time.",
    )
    text: Place = Field(
        "", description="The row is a JSON text in this column of the list's item; empty: the item itself."
    )
    operation: Place = Field("", description="The column with the kind of change; empty where there is none.")
    operations: Mapping[str, Operation] = Field(
        default_factory=lambda: OPERATIONS,
        description="The service's code of a change (half-width, capital letters): UPSERT or DELETE.",
    )
    outside: tuple[Place, ...] = Field(
        (),
        description="Columns that belong to the call and not to the row (the time of the answer): they are left out.",
    )


class SignedSpec(Frozen):
    """Signed answers: an Ed25519 signature over the root of a Merkle tree of the row texts (docs/connectors.md).
    Settings key_id, public_key and public_keys."""

    head: Place = Field(
        "", description="Where root, size, signedAt, keyId and signature lie; empty: the answer itself."
    )
    index: Place = Field("index", description="Where an item has its index.")
    path: Place = Field("path", description="Where an item has its path to the root.")


class ListSpec(RowsSpec):
    """The first step of a look-up in two: the list of what a holder has."""

    send: Mapping[str, str] = Field(description="Parameter → what is sent: value, purpose, service_item and so on.")
    take: Mapping[str, Place] = Field(
        min_length=1, description="Name → where it is in an item of the list; the second step sends it by this name."
    )
    only: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Place in an item → texts: other items of the list are passed over."
    )


class LookupSpec(RowsSpec):
    """One kind of question (`lookup_by`)."""

    send: Mapping[str, str] = Field(
        description="Parameter → what is sent: value, purpose, legal_basis, service_item, business_number, ticket, or "
        "a name that `list` takes."
    )
    purposes: Mapping[str, str] = Field(
        default_factory=dict,
        description="Purpose → the service's own word for it, which is sent in its place; empty: the hub's name of the "
        "purpose is sent. A question for a purpose that is not here is refused.",
    )
    more: Place = Field("", description="Where a flag says that there are further records.")
    list: ListSpec | None = Field(
        None, description="The question is answered in two steps: a list, then one call for each of its items."
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        first, taken = (self.list.send, self.list.take) if self.list else ({}, {})
        for sent, offered in ((first, _OFFERED), (self.send, _OFFERED | taken.keys())):
            if strange := sorted(set(sent.values()) - offered):
                raise ValueError(f"nothing is called {strange[0]!r}: {', '.join(sorted(offered))}")
        return self


class DaySpec(RowsSpec):
    """What the service says that it changed on one day."""

    date: Name = Field(description="The parameter with the day.")
    form: Form = Field("%Y-%m-%d", description="Its form.")
    count: Place = Field("", description="Where the number of keys lies; empty where it is not told.")


class FileSpec(CallSpec):
    """The file of one licence (OFD or PDF)."""

    send: Mapping[str, str] = Field(
        description="Parameter → what is sent: key (the row's, as `row.key` has it), purpose, legal_basis, "
        "service_item, business_number."
    )
    purposes: Mapping[str, str] = Field(
        default_factory=dict, description="As those of a question: purpose → the service's own word for it."
    )
    content: Place = Field(
        "", description="Where the file is in a JSON answer, in base64; empty: the answer itself is the file."
    )
    digest: Place = Field(
        "",
        description="Where its SHA-256 is, in hexadecimal digits or base64; where the answer is the file, the header "
        "with it. Empty where the service gives none.",
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        if strange := sorted(set(self.send.values()) - _OF_A_FILE):
            raise ValueError(f"nothing is called {strange[0]!r}: {', '.join(sorted(_OF_A_FILE))}")
        return self


class RestSpec(Frozen):
    """A REST service: how it is called, what its answers hold, and how it is asked."""

    auth: AuthSpec = Field(AuthSpec(), description="How calls show who we are.")
    encoding: Literal["utf-8", "gb18030"] = Field("utf-8", description="The encoding of answers; gb18030 includes GBK.")
    result: ResultSpec | None = Field(None, description="The service's own code in each answer.")
    row: RowSpec = Field(description="What names a row, and what is done with it.")
    signed: SignedSpec | None = Field(None, description="Answers are signed.")
    feed: FeedSpec | None = Field(None, description="The feed; without it, the source only answers questions.")
    lookups: Mapping[str, LookupSpec] = Field(
        default_factory=dict, description="The kinds of questions that it answers (`lookup_by`)."
    )
    file: FileSpec | None = Field(None, description="How the file of a licence is fetched; without it, none is.")
    day: DaySpec | None = Field(
        None, description='The day\'s count, for `day = "endpoint"`: `rows` are keys as KEY#VERSION.'
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.feed and not self.lookups:
            raise ValueError("a service has a feed, or answers questions")
        if self.signed and not self.row.text:
            raise ValueError("signed rows are texts: row.text says where they lie")
        return self

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that a connector with this section declares."""
        return ("url", *self.auth.settings, *(("key_id", "public_key") if self.signed else ()))
