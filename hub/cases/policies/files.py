"""Tables of the policy in files: one by itself, and those that an operator puts into force (``policies_dir``) beside
those that the release ships."""

import json
import tomllib
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from hub.cases.policies.model import Policy
from hub.errors import Misconfigured

POLICY_BYTES_MAX: Final = 256 * 1024
"""Most bytes of a file with a table."""
POLICIES_MAX: Final = 100
"""Most files that are read in ``policies_dir``."""


class Filed(NamedTuple):
    """A table that an operator put into force. ``digest``: SHA-256 over what its file says, hexadecimal; comments and
    blanks say nothing."""

    file: Path
    table: Policy
    digest: str


def load(text: str) -> Policy:
    """A policy from the text of its file. Raises ``Misconfigured`` for one that is no table of limits."""
    try:
        return Policy.model_validate(tomllib.loads(text))
    except ValidationError as error:
        wrong = _first(error)
    except (ValueError, RecursionError) as error:
        wrong = f"{type(error).__name__}: {str(error)[:200]}"
    raise Misconfigured(f"the policy file cannot be read ({wrong})", "compare it with those in hub/cases/policies")


def read(file: Path) -> Policy:
    """The table in a file. Raises ``Misconfigured`` for a file that is no table, or that this user may not read."""
    return load(_text(file))


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(POLICY_BYTES_MAX + 1)
    except OSError as error:
        raise Misconfigured(
            f"{file} cannot be read ({error.strerror})", "give it to the user that runs the hub"
        ) from None
    if len(content) > POLICY_BYTES_MAX:
        raise Misconfigured(f"{file} is larger than a policy file may be", f"give at most {POLICY_BYTES_MAX} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Misconfigured(f"{file} is not in UTF-8 (line {line})", "save it as UTF-8, not as GBK or UTF-16") from None


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    found = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in found["loc"])
    return f"{where or 'the whole'}: {found['msg']}"[:300]


def of_folder(folder: Path) -> list[Filed]:
    """The tables of ``policies_dir``. Raises ``Misconfigured`` with the file that is wrong."""
    if not folder.is_dir():
        raise Misconfigured(f"policies_dir: there is no folder {folder}", "create it, or correct the setting")
    files = sorted(folder.glob("*.toml"))
    if len(files) > POLICIES_MAX:
        raise Misconfigured(f"policies_dir: {folder} has over {POLICIES_MAX} files", "name the right folder")
    return [filed(file) for file in files]


def filed(file: Path) -> Filed:
    """A file as one of ``policies_dir``. Raises ``Misconfigured`` with its name."""
    try:
        text = _text(file)
        table = load(text)
    except Misconfigured as wrong:
        raise Misconfigured(f"policies_dir: {file.name}: {wrong.what}", wrong.remedy) from None
    said = json.dumps(tomllib.loads(text), sort_keys=True, ensure_ascii=False, default=str)
    return Filed(file, table, sha256(said.encode()).hexdigest())


def joined(shipped: Sequence[Policy], added: Iterable[Filed]) -> tuple[Policy, ...]:
    """All tables, oldest first, each with its successor. Raises ``Misconfigured`` for a table that begins within
    another one, that does not name the one before it, or whose version there is already."""
    names = {one.version: "this release" for one in shipped}
    for one in added:
        if other := names.get(one.table.version):
            raise Misconfigured(
                f"policies_dir: {one.file.name}: version {one.table.version} is that of {other}",
                "give the table a version of its own: a case keeps the one that it began with",
            )
        names[one.table.version] = one.file.name
    tables = [*shipped, *(one.table for one in added)]
    found = sorted(tables, key=lambda one: one.effective_from)
    for before, after in pairwise(found):
        _check_follows(before, after, names)
    followed = [_followed_by(before, after.version) for before, after in pairwise(found)]
    return (*followed, *found[-1:])


def _followed_by(table: Policy, successor: str) -> Policy:
    return table if table.successor == successor else table.model_copy(update={"successor": successor})


def _check_follows(before: Policy, after: Policy, names: dict[str, str]) -> None:
    where = f"policies_dir: {names[after.version]}: {after.version}"
    if after.effective_from <= before.effective_to:
        raise Misconfigured(
            f"{where} begins on {after.effective_from}, and {before.version} is in force until {before.effective_to}",
            "let `effective_from` be after the last day of the table before it",
        )
    if after.predecessor != before.version and before.successor != after.version:
        raise Misconfigured(
            f"{where} does not say that it follows {before.version}", f'write predecessor = "{before.version}" into it'
        )
    if before.successor not in ("", after.version):
        raise Misconfigured(
            f"{where} would follow {before.version}, whose successor is {before.successor}",
            "put that one into force too, or give this one its version",
        )
