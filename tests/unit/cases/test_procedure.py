"""The list of procedures."""

from importlib.metadata import EntryPoint

import pytest

from hub.cases import procedure
from hub.errors import Misconfigured


@pytest.mark.parametrize("where", ["no.such.module:PROCEDURE", "hub.cases.procedure:NOTHING"])
def test_a_procedure_that_cannot_be_loaded_is_named(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("transfer", where, procedure.GROUP)
    monkeypatch.setattr(procedure, "entry_points", lambda **_: [entry])
    with pytest.raises(Misconfigured, match=r"procedure transfer .* cannot be loaded"):
        procedure.installed.__wrapped__()
