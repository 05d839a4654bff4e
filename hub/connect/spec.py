"""``connector.toml``: the description of a connector, as frozen models. Unknown keys are refused."""

from collections.abc import Mapping
from datetime import time
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError, model_validator

from hub.connect.files.spec import FilesSpec
from hub.connect.frozen import Frozen, parsed
from hub.connect.rest.spec import RestSpec
from hub.connect.table.spec import TableSpec
from hub.errors import Misconfigured

Seconds = Annotated[float, Field(gt=0, le=600)]
MAPPING_BYTES = 8
_TYPES: dict[str, tuple[type, ...]] = {"text": (str,), "integer": (int,), "number": (int, float), "flag": (bool,)}


class Title(Frozen):
    """The name of the outside system for people."""

    zh: str = Field(description="In Chinese.")
    en: str = Field(description="In English.")


class Setting(Frozen):
    """One key of the connector's table in ``hub.toml``."""

    name: str = Field(description="The key.")
    type: Literal["text", "integer", "number", "flag"] = Field("text", description="What its value is.")
    doc: str = Field(description="What it is, for the operator.")
    doc_zh: str = Field("", description="The same in Chinese.")
    secret: bool = Field(False, description="Whether it is hidden everywhere.")
    required: bool = Field(True, description="Whether the connector cannot be opened without it.")
    default: str | int | float | bool | None = Field(None, description="Its value where the operator gives none.")


def read_hours(text: str) -> list[tuple[time, time]]:
    """The hours in a text such as ``22:00-06:00,12:00-13:00``: beginning and end of each; none for "". Raises
    ``ValueError``.

    >>> [f"{begin:%H:%M} to {end:%H:%M}" for begin, end in read_hours("22:00-06:00, 12:00-13:00")]
    ['22:00 to 06:00', '12:00 to 13:00']
    """
    found = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        begin, end = (time.fromisoformat(part) for part in word.split("-"))
        if begin == end:
            raise ValueError(word)
        found.append((begin, end))
    return found


def _hours(text: str) -> str:
    try:
        read_hours(text)
    except ValueError:
        raise ValueError("write hours as 22:00-06:00, several separated by commas") from None
    return text


class Limits(Frozen):
    """Bounds on the calls to an outside system. Each is also a setting of every connector."""

    rate_per_s: Annotated[float, Field(gt=0)] = Field(50.0, description="Calls a second, on average.")
    burst: Annotated[int, Field(ge=1)] = Field(20, description="Calls at once after a pause.")
    calls_a_day: Annotated[int, Field(ge=0)] = Field(
        0, description="Quota from midnight to midnight, Beijing time; 0: none."
    )
    look_up_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1,
        description="Share of the day's quota that stays for look-ups: the feed stops before it, and continues at "
        "midnight.",
    )
    feed_hours: Annotated[str, AfterValidator(_hours)] = Field(
        "", description="Hours in which the feed may call, Beijing time, as 22:00-06:00,12:00-13:00; empty: all day."
    )
    connect_timeout_s: Seconds = Field(3.0, description="Longest wait for a connection.")
    read_timeout_s: Seconds = Field(10.0, description="Longest wait for the next bytes.")
    write_timeout_s: Seconds = Field(10.0, description="Longest wait to send bytes.")
    pool_timeout_s: Seconds = Field(5.0, description="Longest wait for a free connection.")
    total_timeout_s: Seconds = Field(30.0, description="Longest time of a whole call, also when bytes arrive slowly.")
    answer_bytes_max: Annotated[int, Field(ge=1_024)] = Field(33_554_432, description="Largest answer read.")
    page_rows: Annotated[int, Field(ge=1, le=50_000)] = Field(500, description="Rows in one page.")
    vanish_share_max: Annotated[float, Field(gt=0, le=1)] = Field(
        0.2,
        description="Largest share of known rows that a full reload may leave out; with more, the feed stops.",
    )
    settle_s: Annotated[float, Field(ge=0, le=3_600)] = Field(
        120.0,
        description="How long after a call with an unknown outcome a sink's system may still carry it out. So long the "
        "hub asks before it pushes again.",
    )
    poll_s: Seconds = Field(1.0, description="Wait before the next call when there was nothing new.")


Pattern = Annotated[str, Field(pattern=r"^[a-z0-9.*-]+:[a-z0-9.*-]+$")]


class ConnectorInfo(Frozen):
    """The description of a connector, without opening it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,62}$")] = Field(
        description="Its name: that of its folder, or of its entry point."
    )
    kind: str = Field("", description="Kind of record that a source gives; empty for a sink.")
    title: Title = Field(description="The outside system, for people.")
    direction: Literal["source", "sink"] = Field(description="Whether records come from it, or go to it.")
    transport: Literal["rest", "table", "files", "pull"] = Field(
        description="How it is reached; pull: a sink's system fetches its pieces from the hub."
    )
    assurance: Literal["", "SEALED_DOCUMENT", "SIGNED_RESPONSE", "CHANNEL_ONLY"] = Field(
        "", description="What proves a record: a sealed file of its own, a signed answer, or the channel alone."
    )
    authority: str = Field(
        "",
        description="Who numbers the rows, in words: part of every record's id, so it never changes. Sources that "
        "number the rows of a kind alike declare the same.",
    )
    accepts: tuple[Pattern, ...] = Field(
        (), description="What a sink accepts: patterns of procedure:kind, where * matches any text."
    )
    day: Literal["endpoint", "update_time", "none"] = Field(
        "endpoint",
        description="How the source can say what changed on a day, for `hub reconcile`: a question of its own, by the "
        "update times of its rows, or not at all.",
    )
    lookup_by: tuple[str, ...] = Field((), description="uscc, resident-id, unit-no, address, title-no.")
    ticket: bool = Field(False, description="Each look-up needs a ticket of the identity service.")
    remembers: bool = Field(
        False,
        description="The source sends unchanged rows again: the hub stores a digest of each row and drops repeats.",
    )
    sends: bool = Field(
        False,
        description="The source also sends rows to the hub by itself, signed by one of its `public_keys` (`POST "
        "/steps`; reports about joint transfers: `POST /transfer-reports`).",
    )
    reads_back: bool = Field(
        False,
        description="A sink's system shows at once what it has: after a success code the hub asks for the piece, and "
        "counts it as delivered only when it is there.",
    )
    waits_for: str = Field(
        "",
        description="Kind of the record about the same thing that must be verified before a record of this source is: "
        "until then it waits.",
    )
    columns: tuple[str, ...] = Field((), description="Columns of the source that the mapping reads.")
    settings: tuple[Setting, ...] = Field((), description="The keys of its table in `hub.toml`.")
    limits: Limits = Field(Limits(), description="Bounds on its calls.")
    table: TableSpec | None = Field(None, description="A declared source on an exchange table.")
    rest: RestSpec | None = Field(None, description="A declared source on a REST service.")
    files: FilesSpec | None = Field(None, description="A declared source on batches of files.")
    _mapping: bytes = PrivateAttr(default=bytes(MAPPING_BYTES))

    @property
    def table_of_settings(self) -> str:
        """Where the operator's settings of it are."""
        return f"connectors.{self.name}"

    @property
    def attempts_max(self) -> int:
        """How often one piece of a sink is tried; 0: without end."""
        return 0

    @property
    def scope(self) -> str:
        """Where the rows' keys are unique: the authority that several sources share, or the source's own name."""
        return self.authority or self.name

    @property
    def fetches(self) -> bool:
        """Whether the hub makes no call to this sink: its system fetches its pieces."""
        return self.transport == "pull"

    @property
    def gives_files(self) -> bool:
        """Whether the files of its licences can be fetched."""
        return self.rest is not None and self.rest.file is not None

    @property
    def mapping(self) -> bytes:
        """What maps the rows: 8 bytes of a SHA-256 over the package's mapping, code tables and declaration."""
        return self._mapping

    @property
    def section(self) -> TableSpec | RestSpec | FilesSpec | None:
        """The section of a declared source; ``None`` for a connector in Python."""
        return self.table or self.rest or self.files

    @property
    def section_columns(self) -> frozenset[str]:
        """The columns that the section reads into a row: those of a table and of its children. Paths."""
        spec = self.table
        if spec is None:
            return frozenset()
        lines = (f"{name}.{column}" for name, child in spec.children.items() for column in child.columns)
        return frozenset((*spec.columns, *lines))

    @property
    def transport_columns(self) -> frozenset[str]:
        """The columns that the section reads for itself: key, version or time, operation, what says that a row was
        taken back."""
        head: Any = getattr(self.section, "row", self.section)
        others = (getattr(head, name, "") for name in ("version", "time", "operation"))
        return frozenset(one for one in (*getattr(head, "key", ()), *getattr(head, "extra", ()), *others) if one)

    @model_validator(mode="after")
    def _has_the_section_of_its_transport(self) -> Self:
        sections = {"table": self.table, "rest": self.rest, "files": self.files}
        if any(section for name, section in sections.items() if name != self.transport):
            raise ValueError(f"a connector over {self.transport} may have the section [{self.transport}] only")
        return self

    @model_validator(mode="after")
    def _accepts_what_its_direction_allows(self) -> Self:
        if (self.direction == "sink") != bool(self.accepts):
            raise ValueError("a sink says in `accepts` what it takes, and a source has no `accepts`")
        if self.fetches and self.direction != "sink":
            raise ValueError("only the system of a sink fetches")
        return self

    def takes(self, procedure: str, kind: str) -> bool:
        """Whether this sink is to get pieces of ``kind`` of a procedure's cases; "registration" is a kind.

        >>> info = {"name": "crm", "title": Title(zh="", en=""), "direction": "sink", "transport": "rest"}
        >>> sink = ConnectorInfo(accepts=("connection:registration", "*:licence.*"), **info)
        >>> [sink.takes("connection", kind) for kind in ("registration", "licence.business", "project.approval")]
        [True, True, False]
        """
        return any(fnmatchcase(f"{procedure}:{kind}", pattern) for pattern in self.accepts)

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The connector's own settings, with defaults and with the right types. Raises ``Misconfigured`` with the key
        that is wrong, never with its value."""
        known = {setting.name for setting in self.settings} | Limits.model_fields.keys()
        if strange := sorted(set(given) - known):
            raise Misconfigured(
                f"{self.table_of_settings}: unknown setting {strange[0]!r}", f"it has {', '.join(sorted(known))}"
            )
        return {setting.name: self._option(setting, given) for setting in self.settings}

    def _option(self, setting: Setting, given: Mapping[str, Any]) -> Any:
        where = f"{self.table_of_settings}.{setting.name}"
        value = given.get(setting.name, setting.default)
        if isinstance(value, str):
            value = value.strip()
            if not value.isprintable():
                raise Misconfigured(f"{where} has a control character in it", "copy it again, on one line")
        if value is None or value == "":
            if setting.required:
                raise Misconfigured(f"{where} is missing", f"set it in hub.toml: {setting.doc}")
            return value
        value = _converted(setting.type, value)
        if not isinstance(value, _TYPES[setting.type]) or (isinstance(value, bool) and setting.type != "flag"):
            raise Misconfigured(f"{where} is no {setting.type}", setting.doc)
        return value

    def limits_with(self, given: Mapping[str, Any]) -> Limits:
        """The limits: the connector's, overridden by the operator's. Raises ``Misconfigured``."""
        own = {key: given[key] for key in Limits.model_fields if key in given}
        try:
            return Limits.model_validate(self.limits.model_dump() | own)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise Misconfigured(
                f"{self.table_of_settings}.{first['loc'][0]}: {first['msg']}", "correct hub.toml"
            ) from None

    def secret_names(self) -> frozenset[str]:
        """The names of the settings that are secret."""
        return frozenset(setting.name for setting in self.settings if setting.secret)


def _converted(kind: str, value: Any) -> Any:
    """Text from the environment, converted to a number or flag; other values are returned unchanged."""
    if not isinstance(value, str) or kind == "text":
        return value
    if kind == "flag":
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    try:
        return int(value) if kind == "integer" else float(value)
    except ValueError:
        return value


def parse_info(text: str, where: str) -> ConnectorInfo:
    """The text of a ``connector.toml`` as a ``ConnectorInfo``. Raises ``Misconfigured`` with the key that is wrong;
    ``where`` names the file in the message."""
    return parsed(ConnectorInfo, text, where)


def mapping_digest(files: Mapping[str, Any]) -> bytes:
    """8 bytes of SHA-256 over those files (name → ``Traversable``) that are there."""
    digest = sha256()
    for name, file in sorted(files.items()):
        if file.is_file():
            content = file.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.digest()[:MAPPING_BYTES]
