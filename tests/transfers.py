"""A small hub with a registry and a utility around it, for tests of joint transfers."""

from datetime import date
from typing import Any

from hub.cases.procedure import SinkInfo
from hub.cases.transfer.tables import transfer
from hub.cases.transfer.transfers import Transfers
from hub.privacy.purposes import shipped
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import BY, ConnectionSystem, House

SINK = "utility_crm"
ACCEPTS = ("connection:*", "transfer:*")
ACCOUNT, SECOND_ACCOUNT = "1200045678", "1200045679"
OLD, NEW, CO_OWNER, HEIR = (
    {"name": "王伟", "resident_id": samples.PERSON},
    {"name": "李娜", "resident_id": samples.OTHER_PERSON},
    {"name": "赵敏", "resident_id": "120101198506150029"},
    {"name": "王小伟", "resident_id": "120104199912120013"},
)
DEVELOPER = {"name": "津门电气有限公司", "uscc": samples.USCC}
OLD_TITLE_NO = "房地证津字第104010912345号"
ENTRY_DAY = date(2026, 3, 3)


def unit(nth: int = 1) -> str:
    """The number of one unit in the sample's building."""
    return f"120101001001GB00001F{nth:08d}"


def matter(**changes: Any) -> dict[str, Any]:
    """A matter with one account and one buyer, who has agreed."""
    whole = {
        "unit_no": unit(),
        "accounts": [ACCOUNT],
        "old_holders": [OLD],
        "new_holders": [{**NEW, "confirmed": True}],
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def body(*matters: dict[str, Any], number: str = "T-1", reason: str = "PURCHASE", **changes: Any) -> dict[str, Any]:
    """A submission."""
    return {
        "external_no": number,
        "channel": "gov-platform",
        "reason": reason,
        "purpose": "joint-transfer",
        "legal_basis": "action-plan-6",
        "matters": list(matters) or [matter()],
    } | changes


class Town:
    """A hub, its registry and its utility. Each act goes through topics and tables; ``settle`` does what stages do."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.crm = ConnectionSystem()
        self.versions = 0
        self.events = 0
        self.replay: list[dict[str, Any]] = []
        """Every record that was verified, to be delivered again."""
        self.service = Transfers(house.store, house.vault, house.opener, shipped(), house.channels, house.journal)

    def submit(self, document: dict[str, Any]) -> list[bytes]:
        """Register it, and let the utility have what follows."""
        found = self.service.submit(document, BY)
        self.settle()
        return list(found.case_ids)

    def settle(self) -> None:
        """Project what lies on topics, and deliver what is decided."""
        self.house.project()
        self.house.deliver(self.crm)

    def cancel(self, case_id: bytes) -> None:
        self.service.cancel(case_id, BY)
        self.settle()

    def entered(self, *holders: dict[str, Any], unit_no: str = "", **changes: Any) -> None:
        """The registry enters a title."""
        self.heard(self.title(*holders, unit_no=unit_no, **changes))

    def title(self, *holders: dict[str, Any], unit_no: str = "", key: str = "", **changes: Any) -> dict[str, Any]:
        """A title of these holders."""
        self.versions += 1
        record = samples.title(key or f"T{self.versions}", self.versions, unit_no or unit())
        record["holders"] = [
            {
                "name": one["name"],
                "id_type": one.get("id_type") or ("USCC" if "uscc" in one else "RESIDENT_ID"),
                "id_number": one.get("id_number") or one.get("uscc") or one["resident_id"],
                "share": None,
            }
            for one in holders or (NEW,)
        ]
        numbered = {"title_no": f"津(2026)和平区不动产权第{1000000 + self.versions}号", "issued_on": ENTRY_DAY}
        record["unit"] |= numbered | changes
        return record

    def told(self, case_id: bytes, result: str, question: int | None = None, **changes: Any) -> None:
        """The utility reports."""
        self.heard(self.report(case_id, result, question, **changes))

    def report(
        self, case_id: bytes, result: str, question: int | None = None, at_ms: int | None = None, **changes: Any
    ) -> dict[str, Any]:
        """A report; each has happened a minute after the one before."""
        self.events += 1
        number = References(MasterKey(bytes(32)), SINK).hub_number(case_id)
        happened = {"occurred_at_ms": at_ms or self.house.clock.now_ms() + self.events * 60_000}
        return samples.transfer_report(f"E{self.events}", number, result, question, **happened | changes)

    def heard(self, *records: dict[str, Any]) -> None:
        """Records are verified and heard."""
        self.replay += records
        self.house.verified(*records)
        self.settle()

    def again(self) -> None:
        """Everything that was heard arrives once more, in the other order (P2)."""
        for record in reversed(self.replay):
            self.house.verified(record)
        self.settle()

    # ---- looking ----

    def states(self) -> list[str]:
        """The states of all transfers, in the order of their places."""
        return [row.state for row in sorted(self.house.rows(transfer), key=lambda row: (row.submission_id, row.place))]

    def kinds(self) -> list[str]:
        """The kinds of the pieces that took effect at the utility, in their order."""
        assert all(len(times) == 1 for times in self.crm.effects.values()), "each piece once (P2)"
        return [one["kind"] for times in self.crm.effects.values() for one in times]

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of the pieces of one kind."""
        return [one for times in self.crm.effects.values() for one in times if one["kind"] == kind]


def sinks() -> tuple[SinkInfo, ...]:
    """The utility's system, for both procedures."""
    return (SinkInfo(SINK, ACCEPTS, samples.UTILITY),)
