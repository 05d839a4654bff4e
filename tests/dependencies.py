"""The tool for those who change a dependency: ``python -m tests.dependencies`` (``make lock``).

Prints ``docs/dependencies.md``, the libraries that the product installs with their licences, from
``requirements/run.lock`` and the metadata of the installed packages; ``--write`` writes it.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements/run.lock"
PAGE = ROOT / "docs/dependencies.md"
_CLASSIFIER = "License :: OSI Approved :: "
ABSENT = {"tzdata": "Apache-2.0"}
"""Libraries that only other systems than the one that writes the page need."""
_TABLE = "|---|---|---|\n"


def locked() -> dict[str, str]:
    """Library → version, from the lock file."""
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==([^\s;]+)", LOCK.read_text("utf-8")))


def licence(name: str) -> str:
    """The licence of an installed library, by its metadata (core metadata 2.4, else its classifiers)."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return ABSENT[name]
    if expression := found.get("License-Expression"):
        return str(expression)
    classified = [one.removeprefix(_CLASSIFIER) for one in found.get_all("Classifier") or () if _CLASSIFIER in one]
    return ", ".join(classified) or (found.get("License") or "").splitlines()[0]


def page() -> str:
    """The text of ``docs/dependencies.md``."""
    rows = (f"| {name} | {version} | {licence(name)} |\n" for name, version in sorted(locked().items()))
    before, table, _ = PAGE.read_text("utf-8").partition(_TABLE)
    return before + table + "".join(rows)


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), "utf-8")
    else:
        print(page(), end="")
