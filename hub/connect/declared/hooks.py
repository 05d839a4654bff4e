"""``hook.py`` of a connector's folder: a few named, pure functions for what its declaration cannot say."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.resources.abc import Traversable
from types import ModuleType
from typing import Any, Final

from hub.errors import Misconfigured

HOOKS: Final = {
    "before": "before(columns) -> columns: called with each row before it is mapped.",
    "after": "after(record, columns) -> record: called with each record after it was mapped.",
}
"""Name of a function → what it is for. ``hook.py`` has no other public function."""


@dataclass(frozen=True, slots=True)
class Hook:
    """The functions of a ``hook.py``, by name."""

    functions: dict[str, Callable[..., Any]]

    def find(self, name: str) -> Callable[..., Any] | None:
        """The function of this name, if there is one."""
        return self.functions.get(name)


def load_hook(file: Traversable, package: str, where: str) -> Hook | None:
    """The hook beside a declaration, ``None`` without one. ``package``: the Python package that it is in, "" for a
    folder that is none. Raises ``Misconfigured`` when it cannot be loaded, or has a function of another name."""
    if not file.is_file():
        return None
    try:
        module = import_module(f"{package}.hook") if package else _executed(file, where)
    except Exception as error:
        raise Misconfigured(
            f"{where}/hook.py cannot be loaded ({type(error).__name__}: {error})", "correct the file"
        ) from None
    return Hook(_functions(module, where))


def _executed(file: Traversable, where: str) -> ModuleType:
    module = ModuleType("hook")
    exec(compile(file.read_text("utf-8"), f"{where}/hook.py", "exec"), module.__dict__)  # noqa: S102 - the operator's
    return module


def _functions(module: ModuleType, where: str) -> dict[str, Callable[..., Any]]:
    own = {
        name: one
        for name, one in vars(module).items()
        if callable(one) and not name.startswith("_") and getattr(one, "__module__", "") == module.__name__
    }
    if strange := sorted(own.keys() - HOOKS.keys()):
        raise Misconfigured(f"{where}/hook.py has a function {strange[0]!r}", f"hooks are {', '.join(HOOKS)}")
    return own
