"""The day that rules are tried on."""

from datetime import date

import pytest

from hub.records.rules import Context


@pytest.fixture
def context() -> Context:
    return Context(date(2024, 5, 1))
