"""A good record as the bytes of a file."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def good(samples: Path) -> bytes:
    return json.dumps(json.loads((samples / "business.json").read_text("utf-8")), ensure_ascii=False).encode()
