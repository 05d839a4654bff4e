"""Files in memory, read as ``hub check`` reads them."""

import io
from typing import Any

from hub.records.files.parse import Row, rows
from hub.records.kinds import KINDS

BUSINESS = KINDS["licence.business"]
TITLE = KINDS["licence.property-title"]
HEADER = (
    "authority,region,status,unit.unit_no,unit.title_no,unit.address.text,unit.area_m2,unit.issued_on,unit.valid_until,unit.seized,"
    "unit.co_ownership,holders.0.name,holders.0.id_type,holders.0.id_number,holders.0.share,"
    "holders.1.name,holders.1.id_type,holders.1.id_number,holders.1.share"
)
LINE = (
    "11120000000021135M,120104,CURRENT,120104001001GB00001F00010001,津(2021)南开区不动产权第1000001号,长江道12号,89.5,2021-08-02,长期,否,"
    "SHARES,李某,RESIDENT_ID,11010519491231002X,1/2,王某,RESIDENT_ID,440524188001010014,1/2"
)
ALONE = LINE.replace("SHARES", "SOLE").replace(",1/2,王某,RESIDENT_ID,440524188001010014,1/2", ",,,,,")


def read(data: bytes, form: str, kind: Any = BUSINESS, encoding: str = "utf-8") -> list[Row]:
    """The rows of a file."""
    return list(rows(kind, io.BytesIO(data), form, encoding))


def codes(found: list[Row]) -> list[str]:
    """The code of each row, "ok" for a record."""
    return [row.fault.code if row.fault else "ok" for row in found]
