"""What a connector is opened with."""

from pathlib import Path

import pytest

from hub.connect.context import Context
from hub.connect.folder import Folder
from hub.connect.spec import ConnectorInfo, Limits
from tests.clocks import HandClock


@pytest.mark.parametrize("codes", ["", "column,code,value,meaning\nzt,1,CURRENT,x\n"])
def test_the_codes_are_those_of_the_folder_and_none_without_a_file(
    info: ConnectorInfo, clock: HandClock, tmp_path: Path, codes: str
) -> None:
    if codes:
        (tmp_path / "codes.csv").write_text(codes, encoding="utf-8")
    context = Context(info, Limits(), clock, Folder("sample_connector", tmp_path))
    assert context.codes.columns() == ({"zt"} if codes else frozenset())
