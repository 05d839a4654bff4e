"""A connector and its context."""

import pytest

from hub.connect.context import Context
from hub.connect.folder import of_package
from hub.connect.spec import ConnectorInfo, Limits, Title
from tests.clocks import HandClock
from tests.grants import granted


@pytest.fixture
def info() -> ConnectorInfo:
    return ConnectorInfo(
        name="sample",
        kind="licence.business",
        title=Title(zh="样例", en="Sample"),
        direction="source",
        transport="rest",
        assurance="SIGNED_RESPONSE",
        lookup_by=("uscc",),
    )


@pytest.fixture
def context(info: ConnectorInfo, clock: HandClock) -> Context:
    return Context(info, Limits(), clock, of_package("connectors.business_licence"), granted("sample"))
