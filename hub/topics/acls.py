"""Who may do what on the broker, as ``hub/topics/acls.toml`` declares it."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any

from hub.errors import Misconfigured
from hub.ports import Grant
from hub.topics.declared import declared

_RESOURCES = {"topics": "topic", "groups": "group", "transactional_ids": "transactional_id"}


def granted(principals: Mapping[str, str]) -> list[Grant]:
    """Every grant, role by role. ``principals`` names a role's principal where it is not User:ROLE; "" if no one
    has the role.

    Raises ``Misconfigured`` for a role that is not declared.
    """
    roles = tomllib.loads(resources.files("hub.topics").joinpath("acls.toml").read_text("utf-8"))["roles"]
    if strange := sorted(principals.keys() - roles.keys()):
        raise Misconfigured(f"kafka.principals: no role {strange[0]!r}", f"there are: {', '.join(roles)}")
    return [
        grant
        for role, table in roles.items()
        if (principal := principals.get(role, f"User:{role}"))
        for allowed in table["allow"]
        for grant in _grants(principal, allowed)
    ]


def _grants(principal: str, allowed: Mapping[str, Any]) -> Iterator[Grant]:
    for key, resource in _RESOURCES.items():
        for pattern in allowed.get(key, ()):
            for name, prefix in _names(pattern) if resource == "topic" else [_name(pattern)]:
                for operation in allowed["operations"]:
                    yield Grant(principal, operation, resource, name, prefix)


def _names(pattern: str) -> Sequence[tuple[str, bool]]:
    found = [(spec.name, False) for spec in declared(1) if fnmatchcase(spec.name, pattern)]
    if not found:
        raise Misconfigured(f"acls.toml: {pattern!r} is no topic of topics.toml", "correct the pattern")
    return found


def _name(pattern: str) -> tuple[str, bool]:
    return pattern.removesuffix("*"), pattern.endswith("*")
