"""The base of every model that reads a declaration: frozen, and unknown keys are refused."""

import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.errors import Misconfigured

TOML_BYTES_MAX = 1_048_576
"""Largest file of a declaration."""
Operation = Literal["UPSERT", "DELETE"]
OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({"I": "UPSERT", "U": "UPSERT", "D": "DELETE"})
"""The usual codes of a change."""


def listed(given: Any) -> Any:
    """A single name as a list of one."""
    return (given,) if isinstance(given, str) else given


class Frozen(BaseModel):
    """A part of a declaration."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=Frozen)


def parsed(model: type[Model], text: str, where: str, whole: str = "") -> Model:
    """A TOML text as a model. Raises ``Misconfigured`` with the key that is wrong; ``where`` names the file in the
    message, ``whole`` what is wrong where no single key is."""
    return validated(model, loaded(text, where), where, whole)


def loaded(text: str, where: str) -> dict[str, Any]:
    """A TOML text as a table. Raises ``Misconfigured``."""
    if len(text) > TOML_BYTES_MAX:
        raise Misconfigured(f"{where} is larger than {TOML_BYTES_MAX} bytes", "it is no declaration")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Misconfigured(f"{where} is not valid TOML: {error}", "correct the file") from None


def validated(model: type[Model], values: Mapping[str, Any], where: str, whole: str = "") -> Model:
    """As ``parsed``, for a table that was read."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or whole
        told = f"{where}: {key}: {first['msg']}" if key else f"{where}: {first['msg']}"
        raise Misconfigured(told, "see docs/connectors.md") from None
