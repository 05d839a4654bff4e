"""Settings: ``hub.toml`` and the ``HUB_*`` environment, read once. Unknown keys are refused. Secrets are never printed.

``HUB_LOG_URL`` overrides ``log_url``. Two underscores separate a table from its key: ``HUB_WEB__PORT``,
``HUB_CONNECTORS__UTILITY_CRM__TOKEN``. Text is stripped, and control characters in it are refused: a secret that was
read from a file often ends with a line feed.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)

from hub.errors import Misconfigured
from hub.ports import DESK

DEFAULT_HOME = Path(".hub")
# Variables that belong to tests, to the process, and to commands that call a hub's API; they are no settings.
_NOT_SETTINGS = ("HUB_CRASH", "HUB_CONFIG", "HUB_TEST_")
_OF_CALLERS = ("HUB_URL", "HUB_TOKEN")
# Kubernetes sets these in each container for a service whose name begins with "hub" ("Discovering services").
_SERVICE = re.compile(r"HUB(_[A-Z0-9]+)*_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)")
_SERVICE_PORT = re.compile(r"HUB(_[A-Z0-9]+)*_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?")
_PORT_URL = ("tcp://", "udp://", "sctp://")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _listed(given: Any) -> Any:
    """A list from the environment: codes separated by commas."""
    return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given


Channel = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WebSettings(_Frozen):
    """Where the HTTP API listens. The default is loopback."""

    host: str = Field(
        "127.0.0.1", description="Address to listen on; any address but loopback needs a certificate or `insecure`."
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8460, description="Port; 0: a free one.")
    cert_file: Path | None = Field(None, description="The API's certificate chain, PEM: the API is https then.")
    key_file: Path | None = Field(None, description="The private key of `cert_file`, PEM, where it is not in it.")
    key_password: SecretStr | None = Field(None, description="The password of `key_file`.")
    client_ca_file: Path | None = Field(
        None, description="Authority, PEM: every caller must have a certificate of it, in addition to its token."
    )
    insecure: bool = Field(False, description="Allow to listen without TLS for other machines, behind a TLS proxy.")


class LimitSettings(_Frozen):
    """Bounds on batches, waits and attempts."""

    batch_records: Annotated[int, Field(ge=1, le=50_000)] = Field(
        2_000, description="Records in one transaction of a stage."
    )
    poll_timeout_s: Annotated[float, Field(gt=0, le=5)] = Field(
        0.2, description="Longest wait of a stage for new records, seconds."
    )
    redrive_attempts_max: Annotated[int, Field(ge=1)] = Field(
        5, description="How often one rejected record may be sent through verify again."
    )


class KafkaSettings(_Frozen):
    """How to connect to a broker, and how many copies it has of the topics. A key in the query of ``log_url`` overrides
    the same key here."""

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Protocol of the broker's listener: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."
    )
    insecure: bool = Field(False, description="Allow a protocol without TLS to brokers on other machines.")
    ca_file: Path | None = Field(
        None, description="Trusted certificates, PEM, for the broker's certificate; default: the system's."
    )
    cert_file: Path | None = Field(None, description="The hub's own certificate chain, PEM, where the broker asks.")
    key_file: Path | None = Field(None, description="The private key of `cert_file`, PEM.")
    key_password: SecretStr | None = Field(None, description="The password of `key_file`.")
    check_hostname: bool = Field(True, description="Whether the broker's certificate must name its host.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        None, description="PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER; for the SASL protocols."
    )
    user: str | None = Field(None, description="User of PLAIN and SCRAM.")
    password: SecretStr | None = Field(None, description="Password of PLAIN and SCRAM.")
    token_file: Path | None = Field(
        None, description="File that holds the OAUTHBEARER token; read again for each connection."
    )
    replication: Annotated[int, Field(ge=1, le=9)] = Field(
        3, description="Copies of every partition, on as many nodes."
    )
    min_insync_replicas: Annotated[int, Field(ge=1, le=9)] = Field(
        2, description="Copies that must have a record before it is acknowledged."
    )
    principals: dict[str, str] = Field(
        default_factory=dict,
        description="Role of hub/topics/acls.toml → the broker's principal, User:NAME; empty: no one has the role.",
    )


Desk = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,58}$")]
Table = dict[str, SecretStr | int | float | bool]


class WarningSettings(_Frozen):
    """Who is told of the last day of a limit. Names of desks or roles, never a person's."""

    before: Annotated[tuple[Channel, ...], BeforeValidator(_listed)] = Field(
        (), description="Recipients of a warning one working day before the last day; without one no sink is told."
    )
    after: Annotated[tuple[Channel, ...], BeforeValidator(_listed)] = Field(
        (), description="Recipients of the escalation after the last day; without one no sink is told."
    )
    desks: dict[Desk, Table] = Field(
        default_factory=dict,
        description="Recipient → its address: a table with `url`, and `token`, `ca_file` and limits as a connector has "
        "them. The hub posts each of its warnings there, once.",
    )

    @model_validator(mode="after")
    def _tells_every_desk(self) -> Self:
        if idle := sorted(self.desks.keys() - {*self.before, *self.after}):
            raise ValueError(f"the desk {idle[0]} is in neither warnings.before nor warnings.after")
        return self


class Settings(_Frozen):
    """All settings of an operator. A relative path is relative to the file that has it."""

    instance: str = Field(
        "hub-1", description="This process's stable name; two hubs of one installation have different ones."
    )
    log_url: str = Field("sqlite:///.hub/log.db", description="The record log: sqlite:///PATH, or kafka://HOST:PORT,….")
    store_url: str = Field(
        "sqlite:///.hub/store.db", description="The projections: sqlite:///PATH, or postgresql+psycopg://…."
    )
    vault_url: str = Field("sqlite:///.hub/vault.db", description="Identities and data keys: a database of its own.")
    master_key_file: Path = Field(
        DEFAULT_HOME / "master.key", description="The key that wraps all data keys; mode 0600."
    )
    registry_url: Annotated[str, Field(pattern=r"^(https?://[^\s?#]+[^\s?#/])?$")] = Field(
        "",
        description="Another schema registry instead of the hub's own: http(s)://[USER:PASSWORD@]HOST[:PORT][/PATH].",
    )
    insecure: bool = Field(
        False, description="Allow databases and a schema registry on other machines without verified TLS."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR."
    )
    log_json: bool = Field(False, description="Log lines as JSON, for programs.")
    partitions: Annotated[int, Field(ge=1, le=256)] = Field(
        1, description="Number of partitions of every topic; it cannot change after the topics are created."
    )
    channels: Annotated[tuple[Channel, ...], BeforeValidator(_listed)] = Field(
        ("counter", "gov-platform"),
        description="Codes of the channels by which applications arrive; each token is for some of them.",
    )
    service_items: dict[str, str] = Field(
        default_factory=dict,
        description="Purpose → its code in the catalogue of service items; sent to sources that ask for it.",
    )
    grants: Path | None = Field(
        None,
        description="The file of sharing grants, TOML, one table per source; a source without one is not called.",
    )
    authorities: Path | None = Field(
        None,
        description="The file with the rank of authorities, TOML: whose word counts where several have the same thing.",
    )
    follow_up_working_days: Annotated[int, Field(ge=1, le=60)] = Field(
        5, description="Working days within which a bad rating (grade 1 or 2) is followed up; the days differ by place."
    )
    web: WebSettings = Field(default_factory=WebSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    warnings: WarningSettings = Field(default_factory=WarningSettings)
    connectors_dir: Path | None = Field(
        None, description="A folder whose sub-folders are connectors, in addition to the installed ones."
    )
    policies_dir: Path | None = Field(
        None,
        description="A folder with policy tables, TOML, in addition to those of the release; the same on every hub.",
    )
    connectors: dict[str, Table] = Field(
        default_factory=dict,
        description="One table per connector; its keys are in the connector's connector.toml. `insecure = true` allows "
        "URLs without verified TLS to other machines.",
    )

    _file: Path | None = PrivateAttr(default=None)

    def again(self) -> "Settings":
        """The settings as their file and the environment have them now; these, where they come from no file. Raises as
        ``load`` does."""
        return load(self._file) if self._file else self

    def connector(self, name: str) -> dict[str, Any]:
        """The settings of one connector, or of the sink of a desk, with secrets as text: only it may get them. Empty if
        unknown. ``insecure`` is the hub's own (``hub.transport``), not the connector's."""
        return {key: _opened(value) for key, value in self._table(name).items() if key != "insecure"}

    @property
    def desks(self) -> tuple[str, ...]:
        """The sinks of the recipients of warnings that have an address."""
        return tuple(f"{DESK}{name}" for name in self.warnings.desks)

    def insecure_connector(self, name: str) -> bool:
        """Whether a connector may leave this machine without verified TLS."""
        return str(_opened(self._table(name).get("insecure", False))).lower() in ("true", "1")

    def _table(self, name: str) -> Table:
        tables = self.warnings.desks if name.startswith(DESK) else self.connectors
        return tables.get(name.removeprefix(DESK), {})


def table_of(name: str) -> str:
    """Where the settings of a connector, or of the sink of a desk, are.

    >>> table_of("utility_crm"), table_of("desk.duty")
    ('connectors.utility_crm', 'warnings.desks.duty')
    """
    return f"warnings.desks.{name.removeprefix(DESK)}" if name.startswith(DESK) else f"connectors.{name}"


def _opened(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings from ``path`` (default: ``$HUB_CONFIG``, then ``hub.toml`` if it exists) and the environment, which
    wins.

    Raises ``Misconfigured`` with the key that is wrong, never with its value.
    """
    environ = os.environ if environ is None else environ
    file = settings_file(path, environ)
    values: dict[str, Any] = _read(file) if file.exists() else {}
    variables = _overlay(values, environ)
    try:
        settings = _anchor(Settings.model_validate(_tidied(values)), file.parent)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        where = f"setting {key!r}" + (f" (variable {variables[key]})" if key in variables else "")
        raise Misconfigured(f"{where}: {first['msg']}", "see docs/operating.md for every key") from None
    settings._file = file.absolute() if file.exists() else None
    return settings


def settings_file(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The settings file that ``load`` reads; the default one may be missing. Raises ``Misconfigured`` when a file that
    was named does not exist."""
    environ = os.environ if environ is None else environ
    chosen = path or (Path(environ["HUB_CONFIG"]) if "HUB_CONFIG" in environ else None)
    if chosen is not None and not chosen.exists():
        raise Misconfigured(f"no settings file at {chosen}", "name one that exists with --config or HUB_CONFIG")
    return chosen or Path("hub.toml")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{file} cannot be read ({type(error).__name__})", "name a TOML file in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{file} is not valid TOML: {error}", "correct the file") from None


def _overlay(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Put the environment over ``values``. Returns dotted key → variable."""
    variables = {}
    for name, text in environ.items():
        if not name.startswith("HUB_") or _is_no_setting(name) or _of_a_service(name, text):
            continue
        *tables, key = name.removeprefix("HUB_").lower().split("__")
        variables[".".join([*tables, key])] = name
        table = values
        for part in tables:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise Misconfigured(
                    f"{name} sets a key of {part!r}, which is no table", "unset one of the two variables"
                )
        table[key] = text
    return variables


def _is_no_setting(name: str) -> bool:
    return name.startswith(_NOT_SETTINGS) or name in _OF_CALLERS


def _of_a_service(name: str, text: str) -> bool:
    """Whether Kubernetes set this variable. A number in HUB_PORT is a person's mistake, which is told.

    >>> _of_a_service("HUB_SERVICE_HOST", "10.0.0.1"), _of_a_service("HUB_PORT", "tcp://10.0.0.1:80")
    (True, True)
    >>> _of_a_service("HUB_PORT", "8460"), _of_a_service("HUB_WEB__PORT", "8460")
    (False, False)
    """
    if _SERVICE.fullmatch(name):
        return True
    whole = _SERVICE_PORT.fullmatch(name)
    return whole is not None and (whole[2] is not None or text.startswith(_PORT_URL))


def _tidied(value: Any, key: str = "") -> Any:
    """Text without white space around it. Raises ``Misconfigured`` for a control character inside."""
    if isinstance(value, dict):
        return {name: _tidied(inner, f"{key}.{name}".removeprefix(".")) for name, inner in value.items()}
    if isinstance(value, list):
        return [_tidied(inner, key) for inner in value]
    if not isinstance(value, str):
        return value
    if _CONTROL.search(value.strip()):
        raise Misconfigured(f"setting {key!r} holds a control character", "write it as one line of text")
    return value.strip()


def _anchor(settings: Settings, base: Path) -> Settings:
    """Make relative paths absolute, so that a later change of the working directory has no effect."""
    changes: dict[str, Any] = {"master_key_file": (base / settings.master_key_file).absolute()}
    for name in ("grants", "authorities", "connectors_dir", "policies_dir"):
        if (path := getattr(settings, name)) is not None:
            changes[name] = (base / path).absolute()
    for field in ("log_url", "store_url", "vault_url"):
        url = getattr(settings, field)
        if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
            changes[field] = f"sqlite:///{(base / url.removeprefix('sqlite:///')).absolute()}"
    for table in ("kafka", "web"):
        values = getattr(settings, table)
        files = {name: (base / value).absolute() for name, value in values if isinstance(value, Path)}
        changes[table] = values.model_copy(update=files)
    return settings.model_copy(update=changes)


def without_secrets(url: str) -> str:
    """A URL without user, password and query, to be shown or logged.

    >>> without_secrets("postgresql+psycopg://hub:secret@db/hub?sslmode=require")
    'postgresql+psycopg://***@db/hub'
    """
    scheme, _, rest = url.partition("://")
    place = rest.partition("?")[0]
    return f"{scheme}://***@{place.rpartition('@')[2]}" if "@" in place else f"{scheme}://{place}"


def without_login(url: str) -> str:
    """A URL without user and password, for callers that have their own.

    >>> without_login("https://hub:secret@registry/apis/ccompat/v7"), without_login("")
    ('https://registry/apis/ccompat/v7', '')
    """
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
