"""What a connector is opened with."""

from pathlib import Path

import pytest

from hub.connect.context import Context
from hub.connect.spec import ConnectorInfo, Limits
from tests.clocks import HandClock


@pytest.mark.parametrize("codes", ["", "column,code,value,meaning\nzt,1,CURRENT,x\n"])
def test_the_codes_are_those_of_the_package_and_none_without_a_file(
    info: ConnectorInfo, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codes: str
) -> None:
    package = tmp_path / "sample_connector"
    package.mkdir()
    (package / "__init__.py").touch()
    if codes:
        (package / "codes.csv").write_text(codes, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "sample_connector", raising=False)
    context = Context(info, Limits(), clock, "sample_connector")
    assert context.codes.columns() == ({"zt"} if codes else frozenset())
