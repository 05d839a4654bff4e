"""Sends events to the hub in signed calls, each again as long as there is no answer."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.errors import Misconfigured
from sandbox.steps.signer import CallSigner

_ATTEMPTS = 120
_WAIT_S = 0.25


def send(signer: CallSigner, url: str, events: Sequence[Mapping[str, Any]]) -> int:
    """Post events in one call; again, with another signature, where the hub does not answer or says later. Returns the
    status of the answer. Raises ``Misconfigured`` when none comes."""
    body = json.dumps({"events": events}, ensure_ascii=False).encode()
    for _ in range(_ATTEMPTS):
        request = urllib.request.Request(url, body, signer.headers("POST", url, body), method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                return int(response.status)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                return error.code
        except OSError:
            pass
        time.sleep(_WAIT_S)
    raise Misconfigured("the hub takes no events", "see its log lines")
