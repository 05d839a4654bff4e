"""The clauses of the contract, by number: data in ``clauses.toml``, in the words of docs/crm-contract.md."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, NamedTuple


class Way(StrEnum):
    """How the pieces come to the system."""

    PUSH = "push"
    PULL = "pull"
    TABLE = "table"


class Clause(NamedTuple):
    """One clause: its number, what it says in Chinese and English, and what to do where a system does not keep it.
    ``way``: the way of delivery for which the kit reports it; none where the system keeps it in its own calls to the
    hub, which the kit does not see."""

    number: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    way: Way | None


@cache
def clauses() -> Mapping[str, Clause]:
    """Every clause by its number, in the order of the contract."""
    table = tomllib.loads(resources.files("hub.crm").joinpath("clauses.toml").read_text("utf-8"))
    return {
        number: Clause(number, one["zh"], one["en"], one["remedy_zh"], one["remedy_en"], _way(one))
        for number, one in table["clause"].items()
    }


def _way(one: Mapping[str, Any]) -> Way | None:
    return Way(one.get("way", Way.PUSH)) if one.get("tested", True) else None
