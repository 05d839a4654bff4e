"""Log lines: text for people, JSON for programs. Callers never log personal values; as a second guard, all that looks
like an identifier is masked (P5). What could change a terminal or begin another line is escaped."""

import logging
import re
import sys
from typing import Any

import structlog

# Resident ID numbers, USCCs and property unit numbers by their form.
_IDENTIFIER = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|\d{15}|[0-9A-HJ-NP-RTUW-Y]{18}|\d{12}[GJZ][A-Z]\d{5}[FLQW]\d{8})(?![0-9A-Za-z])"
)
MASK = "[masked]"


def mask(text: str) -> str:
    """``text`` with everything that looks like an identifier replaced by ``MASK``.

    >>> mask("holder 360426199101010071 refused")
    'holder [masked] refused'
    """
    return _IDENTIFIER.sub(MASK, text)


def _mask_values(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}


def visible(text: str) -> str:
    """``text`` with everything that is hidden or controls a terminal escaped, so that a value is one line.

    >>> print(visible("a\\nlevel=info\\x1b[2J\\u202e"))
    a\\nlevel=info\\x1b[2J\\u202e
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\u3000" else ascii(one)[1:-1] for one in text)


def _visible_values(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Lines of an exception remain lines."""
    return {key: _lines(value) if key == "exception" else _one_line(value) for key, value in event.items()}


def _one_line(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def _lines(value: Any) -> Any:
    return "\n".join(map(visible, value.split("\n"))) if isinstance(value, str) else value


class _Formatter(logging.Formatter):
    """For the lines of libraries."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(visible, mask(super().format(record)).split("\n")))


class _StandardError:
    """Writes to the current standard error, which may be redirected after a logger was first used."""

    def __init__(self, *_: object) -> None:
        """structlog gives the arguments of ``get_logger`` to the factory; they are not used."""

    def msg(self, message: str) -> None:
        # One write: `print` writes the end of the line by itself, and another thread's line could come before it.
        sys.stderr.write(message + "\n")
        sys.stderr.flush()

    log = debug = info = warning = warn = error = critical = exception = fatal = failure = msg


def configure(json_lines: bool, level: str = "INFO") -> None:
    """Send log lines from ``level`` on to standard error, as JSON lines or as coloured text. Call it once, at the
    start of a process."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_values,
            _visible_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_StandardError,
        # A logger that was used obeys a later `configure` too; log lines are rare, so a cache saves nothing.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # Our own lines report what the driver warns of (a slow turn of its loop, a broker that is away), and once only.
    logging.getLogger("kafka").setLevel(logging.ERROR)


def get_logger(name: str) -> Any:
    """A logger with ``stage=name`` on each line. It may be made at import: it obeys a later ``configure``."""
    return structlog.get_logger(stage=name)
