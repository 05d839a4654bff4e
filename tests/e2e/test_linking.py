"""P2, P5: two applicants of two channels with the same number never get each other's papers; and what each pair of
readers can link, in a whole run with two sinks, two channels and several applications. One link more fails the test.

| reader | sees |
|---|---|
| topics | every message of every topic, decoded, without keys |
| database | every row of the store, without the vault and the master key |
| crm, second | what a sink was given, and the receipts that it gave out |
| counter, gov-platform | what the client of a channel sent and was answered |
| operator | `hub application list`, `show`, `hub cases list`: opens what is sealed for the applicant |
| logs | the log lines |
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.world.world import World as Outside
from sandbox.world.world import WorldSpec
from tests.e2e.readers import CHANNELS, EACH, SEED, SIZE, Run, run
from tests.linking import links, table

SINKS = ("crm", "second")
# What a sink needs of an application and of a record, so what two sinks have in common, and a client with a sink.
_PAPERS = {"custName", "custIdNo", "elecAddr", "orgNo", "unit_no", "title_no", "text", "name", "uscc"}
# The number by which client and sink speak of an application, and the sink's receipt, which the client is shown.
_NUMBERS = {"externalAppNo", "number", "receipt", "received_at"}
# A client is shown the ids of its own applications and of the records that answered, as they are on topics; of these
# also which two were compared with each other.
_OWN_IDS = {"case_id", "ce_id", "headers", "key", "record_id", "one_id", "other_id"}
# What the certificates of an application say of each other, in fixed words and ids.
_FINDINGS = {"record_ids", "zh", "en"}

LINKS: dict[tuple[str, str], set[str]] = {
    # The tables are made from the topics: the same ids, the same sealed bytes.
    ("topics", "database"): {
        *(
            "case_id",
            "ce_id",
            "key",
            "record_id",
            "row_id",
            "entity_id",
            "links",
            "subject_id",
            "wanted_id",
            "number_id",
            "request_id",
            "one_id",
            "other_id",
        ),
        *("sealed", "sealed_receipt", "sealed_reason", "ciphertext", "root", "original"),
        # A remembered position names the record before it, on hub.cursors and in the tables alike.
        "cursor",
    },
    ("topics", "counter"): _OWN_IDS,
    ("topics", "gov-platform"): _OWN_IDS,
    ("topics", "operator"): _OWN_IDS,
    ("database", "counter"): _OWN_IDS,
    ("database", "gov-platform"): _OWN_IDS,
    ("database", "operator"): _OWN_IDS,
    ("crm", "second"): _PAPERS,
    ("crm", "counter"): _PAPERS | _NUMBERS,
    ("crm", "gov-platform"): _PAPERS | _NUMBERS,
    ("crm", "operator"): _NUMBERS,
    ("second", "counter"): _PAPERS | _NUMBERS,
    ("second", "gov-platform"): _PAPERS | _NUMBERS,
    ("second", "operator"): _NUMBERS,
    # The test gave both channels the same numbers; findings are in fixed words.
    ("counter", "gov-platform"): {"external_no", "zh", "en"},
    ("counter", "operator"): {"application_id", "record_id", "receipt", "utility_crm", "dummy_sink"} | _FINDINGS,
    ("gov-platform", "operator"): {"application_id", "record_id", "receipt", "utility_crm", "dummy_sink"} | _FINDINGS,
}
"""Pair of readers → the fields, by the first one's names, by which they know the same application. A pair that is not
here can link nothing: above all no sink with a topic, a table or a log line."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with run(tmp_path_factory.mktemp("linking")) as ran:
        yield ran


def test_p5_every_link_between_two_readers_is_stated(ran: Run) -> None:
    found = links(ran.views(), SINKS)
    more = {pair: names - LINKS.get(pair, set()) for pair, names in found.items()}
    assert {pair: names for pair, names in more.items() if names} == {}, table(found)
    assert {pair for pair, names in found.items() if names} == LINKS.keys(), table(found)


def test_p5_ids_hashes_and_times_of_topics_that_are_told_to_a_sink_are_found_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with run(tmp_path_factory.mktemp("broken"), broken="references") as broken:
        found = links(broken.views(), SINKS)
    assert {"case_id", "record_id", "composed", "occurred_at_ms"} <= found["topics", "crm"], table(found)
    assert {"case_id", "record_id"} <= found["database", "second"], table(found)
    assert {"externalAppNo", "key", "recordId"} <= found["crm", "second"], table(found)


# ---- two channels, the same numbers ----------------------------------------------------------------------------------


def papers(ran: Run) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What the connection system has of each application, by channel and the channel's own number."""
    effects = ran.two.crm()
    registered = {one["externalAppNo"]: one["body"] for one in effects if one["what"] == "application"}
    found = defaultdict(list)
    for one in effects:
        of = registered[one["externalAppNo"]]
        found[of["channel"], of["channelAppNo"]].append(one)
    return found


def test_p2_two_channels_with_the_same_numbers_never_get_each_others_papers(ran: Run) -> None:
    outside = Outside(WorldSpec(SEED, SIZE))
    units = {row.key: row.columns["bdcdyh"] for row in outside.title_rows()}
    found = papers(ran)
    assert found.keys() == ran.expected.keys()
    assert {number for channel, number in found if channel == CHANNELS[0]} == {
        number for channel, number in found if channel == CHANNELS[1]
    }
    for of, (body, expected) in ran.expected.items():
        by_kind = {one["body"].get("kind", "registration"): one["body"] for one in found[of]}
        assert by_kind["licence.business"]["fields"]["enterprise"]["uscc"] == body["applicant"]["uscc"]
        title = by_kind["licence.property-title"]
        assert title["fields"]["unit"]["unit_no"] == units[expected["title_key"]]
        assert title["holderRelation"] == expected["holder_relation"]
        assert ("holders" in title["fields"]) == (expected["holder_relation"] != "OTHER")
    assert len({one["externalAppNo"] for of in found.values() for one in of}) == EACH * len(CHANNELS)
    assert ran.two.world.sandbox.control("utility_crm", "effects")["doubled"] == []
