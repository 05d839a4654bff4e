"""Grants for tests: the sandbox's departments' own, and wide ones for what a test makes itself."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hub.grants.grant import Grant
from sandbox.grants import GRANTS, as_toml

WIDE: dict[str, Any] = {
    "item": "120000-TEST-0001",
    "provider": "测试部门",
    "approval": "test-1",
    "fields": ["name", "zt"],
    "purposes": ["connection-application", "capacity-increase"],
    "ways": ["look-up", "feed"],
    "since": "2021-01-01",
    "until": "2099-12-31",
    "erase_after_days": 180,
}


def granted(name: str, **changes: Any) -> Grant:
    """The grant of a source."""
    return Grant.model_validate({**GRANTS.get(name, WIDE), "source": name, **changes})


def written(folder: Path, names: Iterable[str]) -> Path:
    """A file with the grants of the sandbox's sources of these ``names``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "grants.toml"
    file.write_text(as_toml(list(names)), "utf-8")
    return file
