"""What a person sees of deliveries: each sink's number for the case, and how far the attempts are."""

from hub.errors import NotSent
from hub.privacy.references import read_number
from tests.casework import ConnectionSystem, House, body


def test_a_piece_in_trouble_says_why_and_when_it_is_tried_again(house: House) -> None:
    case_id, sink = house.submit(body()).case_id, ConnectionSystem()
    sink.failures = [NotSent("utility_crm: the connection is refused", retry_after_s=60)]
    house.deliver(sink)
    shown = house.applications.show(case_id)
    (one,) = shown["deliveries"]
    assert (one["state"], one["attempts"], one["trouble"]) == ("pending", 1, "utility_crm: the connection is refused")
    assert one["next_attempt_at"].startswith("2026-03-02T01:01:00")
    house.clock.pass_s(61)
    house.deliver(sink)
    (one,) = house.applications.show(case_id)["deliveries"]
    assert (one["state"], one["attempts"], one["trouble"], one["next_attempt_at"]) == ("acknowledged", 0, None, None)


def test_the_number_is_the_one_that_the_sink_knows(house: House) -> None:
    case_id, sink = house.submit(body()).case_id, ConnectionSystem()
    house.deliver(sink)
    ((sent,),) = sink.effects.values()
    numbers = house.applications.show(case_id)["numbers"]
    assert {name: read_number(number) for name, number in numbers.items()} == {"utility_crm": sent["number"]}
