"""Log lines: for people on a terminal, JSON for machines. Personal values never get here; what might slip in is
masked."""

import logging
import re
import sys
from typing import Any

import structlog

# Anything that looks like a resident number, a USCC or a unit number is masked, however it came here (P5).
_IDENTIFIER = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|\d{15}|[0-9A-HJ-NP-RTUW-Y]{18}|\d{12}[GJZ][A-Z]\d{5}[FLQW]\d{8})(?![0-9A-Za-z])"
)
MASK = "[masked]"


def mask(text: str) -> str:
    """``text`` with everything that looks like an identifier masked.

    >>> mask("holder 360426199101010071 refused")
    'holder [masked] refused'
    """
    return _IDENTIFIER.sub(MASK, text)


def _mask_values(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}


class _StandardError:
    """Writes to whatever standard error is at the moment: it may be redirected after a logger was first used."""

    def __init__(self, *_: object) -> None:
        """structlog hands a factory the arguments of ``get_logger``; there is nothing to keep."""

    def msg(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)

    log = debug = info = warning = warn = error = critical = exception = fatal = failure = msg


def configure(json_lines: bool, level: str = "INFO") -> None:
    """Send every log line to standard error; JSON lines for machines, coloured text for people."""
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
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_StandardError,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # What the driver warns of (a slow turn of its loop, a broker that is away) our own lines say once, and better.
    logging.getLogger("kafka").setLevel(logging.ERROR)


def get_logger(name: str) -> Any:
    """A logger that carries ``stage=name`` on every line. Lazy: made at import, it still obeys ``configure``."""
    return structlog.get_logger(stage=name)
