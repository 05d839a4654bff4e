"""P5: after joint transfers with every sort of message no name, number or word of theirs can be read in the log or in
the tables, and what the utility is sent has no id of a topic or a table."""

from datetime import date
from pathlib import Path

from hub.cases.tables import case
from hub.cases.transfer.tables import transfer, transfer_holder, transfer_person, transfer_report, transfer_title
from hub.records.tables import record
from tests import canary
from tests.casework import House
from tests.transfers import ACCOUNT, CO_OWNER, HEIR, NEW, OLD, OLD_TITLE_NO, SECOND_ACCOUNT, Town, body, matter, sinks

OPINION, NUMBER, MANDATE = "户名与原产权人王伟不符", "SECRET-2026-77", "委托书第七十七号"
VALUES = [
    *(one[name] for one in (OLD, NEW, CO_OWNER, HEIR) for name in ("name", "resident_id")),
    *(ACCOUNT, SECOND_ACCOUNT, OPINION, NUMBER, MANDATE, "104010912345", "欧阳听雨", "2026)和平区不动产权第"),
]
TABLES = (case, transfer, transfer_holder, transfer_person, transfer_report, transfer_title, record)


def lived(town: Town) -> None:
    """Arrears, a failure with an opinion, an old number, a mandate, a cancellation, a notice, a conflict."""
    mandate = {"form": "DECLARATION", "reference": MANDATE}
    by_mandate = matter(accounts=[ACCOUNT, SECOND_ACCOUNT], new_holders=[NEW, CO_OWNER], mandate=mandate)
    one, two = town.submit(body(by_mandate, number=NUMBER))
    town.told(one, "ARREARS", 1, opinion=OPINION)
    told = town.report(two, "CLEAR", 1)
    town.heard(told)
    town.heard({**told, "report": told["report"] | {"opinion": OPINION + "。", "result": "ARREARS"}})
    town.entered(NEW, CO_OWNER)
    town.told(two, "FAILED", 1, opinion=OPINION)
    town.told(one, "PAID")
    town.told(one, "DONE")
    town.entered(HEIR, issued_on=date(2026, 9, 1))
    (three,) = town.submit(body(matter(unit_no=None, title_no=OLD_TITLE_NO), number=f"{NUMBER}-2"))
    town.cancel(three)
    town.house.relay()


def test_p5_nothing_of_a_transfer_can_be_read_at_rest_and_no_id_leaves(tmp_path: Path) -> None:
    house = House(tmp_path, sinks=sinks())
    town = Town(house)
    lived(town)
    assert {"registration", "check", "transfer", "cancellation", "notice"} <= set(town.kinds())
    sent = str(town.crm.effects)
    ids = {
        bytes(value).hex()
        for table in TABLES
        for row in house.rows(table)
        for name, value in row._mapping.items()
        if isinstance(value, bytes) and len(value) == 16 and name.endswith("_id")
    }
    assert len(ids) > 20 and not [one for one in ids if one in sent]
    house.close()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert canary.search(VALUES, files) == []
