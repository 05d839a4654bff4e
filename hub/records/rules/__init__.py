"""The rules. Importing this package registers all of them: first those of the modules that the hub's own ``kinds.toml``
lists, then those of installed packages. Within a step, rules run in the order of registration."""

from importlib import import_module

from hub.errors import Misconfigured
from hub.records.declarations import declarations
from hub.records.rules.base import CURRENT, RULES, Context, Finding, Findings, Proof, Rule
from hub.records.rules.codes import CODES, REJECTING, STEPS, Code

__all__ = [
    "CODES", "CURRENT", "REJECTING", "RULES", "STEPS", "Code", "Context", "Finding", "Findings", "Proof", "Rule",
]  # fmt: skip


def _register() -> None:
    for declaration in declarations():
        for module in declaration.rules:
            try:
                import_module(module)
            except ImportError as error:
                raise Misconfigured(f"{module} cannot be loaded: {error}", "install its package again") from None


_register()
