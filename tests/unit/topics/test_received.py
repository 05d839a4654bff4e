"""Messages of what was received."""

import json
from datetime import UTC, datetime

from hub.privacy.sealing import SealedRow
from hub.topics.declared import partition_of
from hub.topics.received import Envelopes

NOW = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
ROWS = [
    SealedRow("licence.business", bytes([n]) * 16, bytes([9, n]) * 8, bytes([n]) * 16, b"frame%d" % n) for n in range(3)
]


def envelopes() -> Envelopes:
    return Envelopes("business_licence", 6, NOW)


def test_a_page_keeps_its_order_and_its_last_record_carries_the_cursor() -> None:
    page = envelopes().page(ROWS, {"at": [1, "x"]})
    assert [message.value for message in page] == [row.value for row in ROWS]
    cursors = [dict(message.headers).get("hub_cursor") for message in page]
    assert cursors[:2] == [None, None] and json.loads(cursors[2] or b"") == {"at": [1, "x"]}


def test_a_record_lies_on_its_kind_s_topic_under_its_entity() -> None:
    message = envelopes().message(ROWS[1])
    assert (message.topic, message.key) == ("licence.business.received", ROWS[1].entity_id)
    assert message.partition == partition_of(ROWS[1].entity_id, 6)
    assert message.timestamp == int(NOW.timestamp() * 1000)
    headers = dict(message.headers)
    assert headers["ce_id"] == ROWS[1].record_id.hex().encode()
    assert headers["ce_source"] == b"/sources/business_licence"


def test_what_a_look_up_found_lies_elsewhere_with_its_kind_in_the_type() -> None:
    message = envelopes().message(ROWS[0], "lookup.received", [("hub_request", b"ab")])
    assert message.topic == "lookup.received"
    assert dict(message.headers)["ce_type"] == b"cn.onecert.licence.business.received"
    assert message.headers[-1] == ("hub_request", b"ab")
