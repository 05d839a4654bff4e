"""Batches of a folder as a source: in order, whole or not at all, and nothing lost at a gap (P1)."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from hub.connect.files import inbox, manifest
from hub.errors import Misconfigured, RecordRejected, Unavailable
from hub.ports import LookupQuery
from sandbox.files.batches import BatchSigner
from tests.unit.connect.files.conftest import District, drained, row


def refusal(district: District, cursor: object = None) -> str:
    with pytest.raises(Misconfigured) as caught:
        drained(district.source(), cursor)  # type: ignore[arg-type]
    assert caught.value.remedy
    return str(caught.value)


def keys(district: District, page_rows: int = 100) -> list[str]:
    return [one.key for one in drained(district.source(page_rows))[0]]


# ---- order ---------------------------------------------------------------------------------------------------------


def test_p1_batches_are_taken_in_the_order_of_their_numbers(district: District) -> None:
    for sequence in (3, 1, 2):
        district.put(sequence, [row(sequence)])
    assert keys(district) == ["K-1", "K-2", "K-3"]


def test_p1_a_gap_stops_with_a_finding_and_goes_on_when_it_is_filled(district: District) -> None:
    district.put(1, [row(1)])
    district.put(3, [row(3)])
    source = district.source()
    page = source.fetch(None)
    assert [one.key for one in page.rows] == ["K-1"]
    with pytest.raises(Misconfigured, match="batch 2 is missing, and batch 3 is there"):
        source.fetch(page.cursor)
    district.put(2, [])
    assert [one.key for one in drained(source, page.cursor)[0]] == ["K-3"]


def test_p1_an_unsigned_number_makes_no_gap(district: District) -> None:
    district.put(9, [row(9)], signer=BatchSigner(2))
    page = district.source().fetch(None)
    assert (page.rows, page.cursor) == ([], {"next": 1})


def test_p1_two_batches_of_one_number_stop(district: District) -> None:
    file = district.put(1, [row(1)])
    (district.inbox / "again.manifest.json").write_bytes(file.read_bytes())
    assert "2 manifests have the number 1" in refusal(district)


def test_the_first_number_is_a_setting(district: District) -> None:
    district.put(41, [row(1)])
    assert [one.key for one in drained(district.source(first=41))[0]] == ["K-1"]


def test_p1_a_file_that_is_written_in_place_is_found_out_also_with_its_old_time(district: District) -> None:
    """Tools that copy set the time of modification: the rest of another file would pass for the signed one."""
    district.put(1, [row(number) for number in range(4)])
    source = district.source(2)
    page = source.fetch(None)
    (file,) = [one for one in district.inbox.iterdir() if not one.name.endswith(".manifest.json")]
    before, text = file.stat(), file.read_bytes()
    with file.open("r+b") as stream:
        stream.write(text.replace(b"K-3", b"K-9"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Misconfigured, match="is not the one that was signed"):
        source.fetch(page.cursor)


# ---- pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx", "xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("packed", [False, True])
def test_p1_every_form_gives_the_same_records(district: District, form: str, encoding: str, packed: bool) -> None:
    if form == "xlsx" and (packed or encoding != "utf-8"):
        pytest.skip("a spreadsheet is an archive of UTF-8")
    district.put(1, [row(number) for number in range(7)])
    district.put(2, [row(number) for number in range(7)], form, encoding=encoding, packed=packed)
    rows, _ = drained(district.source(page_rows=3))
    assert [one.faults for one in rows] == [()] * 14
    assert [one.record for one in rows[:7]] == [one.record for one in rows[7:]]


def test_p1_a_stored_cursor_continues_at_the_row_after(district: District) -> None:
    district.put(1, [row(number) for number in range(5)], "csv")
    first = district.source(page_rows=2).fetch(None)
    cursor = json.loads(json.dumps(first.cursor))
    assert cursor["row"] == 2
    again = district.source(page_rows=2)
    assert [one.key for one in again.fetch(cursor).rows] == ["K-2", "K-3"]
    assert [one.key for one in again.fetch(cursor).rows] == ["K-2", "K-3"]


def test_p1_another_file_under_the_number_that_was_begun_is_read_from_its_first_row(district: District) -> None:
    district.put(1, [row(number) for number in range(4)])
    source = district.source(page_rows=2)
    page = source.fetch(None)
    district.put(1, [row(number) for number in range(5, 9)])
    assert [one.key for one in drained(source, page.cursor)[0]] == ["K-5", "K-6", "K-7", "K-8"]


def test_a_batch_without_rows_leads_on(district: District) -> None:
    for form, sequence in (("jsonl", 1), ("csv", 2), ("xlsx", 3), ("xml", 4)):
        district.put(sequence, [], form)
    assert drained(district.source()) == ([], {"next": 5})


def test_p1_a_row_that_cannot_be_read_leaves_its_neighbours(district: District) -> None:
    lines = [json.dumps(row(1)), "{", json.dumps(row(2)), "[]", json.dumps(row(3, gxsj="yesterday"))]
    rows = [row(0)] * 5
    district.put(1, rows, data="\n".join(lines).encode())
    found, _ = drained(district.source())
    assert [one.faults[0].code if one.faults else "" for one in found] == [
        "",
        "UNREADABLE",
        "",
        "SHAPE_TYPE",
        "SHAPE_TYPE",
    ]
    assert len({one.key for one in found}) == 5
    assert all(one.raw for one in found)


# ---- whole or not at all -------------------------------------------------------------------------------------------


def test_p1_what_is_half_written_is_left_alone(district: District) -> None:
    file = district.put(1, [row(1)])
    whole, told = district.file(1).read_bytes(), file.read_bytes()
    source = district.source()
    district.file(1).write_bytes(whole[:-10])
    page = source.fetch(None)
    assert (page.rows, page.more) == ([], False)
    assert "not complete" in page.remark
    district.file(1).unlink()
    assert "not there yet" in source.fetch(None).remark
    district.file(1).write_bytes(whole)
    file.write_bytes(told[:50])
    assert "not finished" in source.fetch(None).remark
    file.write_bytes(told)
    assert [one.key for one in drained(source)[0]] == ["K-1"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": 2}, "signature is not valid"),
        ({"sequence": 1, "madeAt": "2020-01-01T00:00:00Z"}, "signature is not valid"),
        ({"sender": "120103-bdc"}, "another sender"),
        ({"keyId": "stranger"}, "the key 'stranger', which is not trusted"),
        ({"signature": "AAAA"}, "signature is not valid"),
    ],
)
def test_p1_a_manifest_that_was_changed_is_not_taken(district: District, change: dict[str, object], words: str) -> None:
    file = district.put(1, [row(1)])
    file.write_text(json.dumps(json.loads(file.read_bytes()) | change))
    assert words in refusal(district)


def test_p1_a_key_that_is_replaced_stops_nothing_and_counts_on_its_days(district: District) -> None:
    later = BatchSigner(2)
    district.put(1, [row(1)], made_at="2026-02-28T23:00:00+08:00")
    district.put(2, [row(2)], signer=later, made_at="2026-03-01T01:00:00+08:00")
    district.put(3, [row(3)], made_at="2026-03-01T02:00:00+08:00")
    former = f"{district.signer.key_id}={district.signer.public_key}@..2026-02-28"
    source = district.source(keys=f"{former} {later.key_id}={later.public_key}@2026-03-01..")
    first = source.fetch(None)
    second = source.fetch(first.cursor)
    assert [one.key for one in (*first.rows, *second.rows)] == ["K-1", "K-2"]
    with pytest.raises(Misconfigured, match=r"outside its days \(\.\.2026-02-28\)"):
        source.fetch(second.cursor)


def test_p1_a_file_that_was_changed_is_not_taken(district: District) -> None:
    district.put(1, [row(1)])
    data = district.file(1).read_bytes()
    district.file(1).write_bytes(data.replace(b"K-1", b"K-2"))
    assert "not the one that was signed" in refusal(district)
    district.file(1).write_bytes(data + b"{}\n")
    assert "more bytes than its manifest says" in refusal(district)


def test_p1_another_number_of_rows_than_was_signed_is_not_taken(district: District) -> None:
    district.put(1, [row(1)] * 3, data=b"".join(json.dumps(row(1)).encode() + b"\n" for _ in range(2)))
    assert "has 2 rows and its manifest says 3" in refusal(district)


@pytest.mark.parametrize(
    ("form", "data", "code"),
    [
        (
            "xml",
            b"<!DOCTYPE b [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><b><row><djbh>&a;</djbh></row></b>",
            "XML_UNSAFE",
        ),
        ("xml", b"<b><row><djbh>1</djbh></row>", "UNREADABLE"),
        ("xlsx", b"no workbook", "UNREADABLE"),
        ("csv", "djbh,名\n1,\n".encode("utf-16"), "SHAPE_MISSING"),
        ("csv", b"djbh,djbh\n1,2\n", "DUPLICATE_KEY"),
    ],
)
def test_p1_a_hostile_or_broken_file_is_refused_with_its_code(
    district: District, form: str, data: bytes, code: str
) -> None:
    district.put(1, [row(1)], form, data=data)
    assert f"refused: {code}" in refusal(district)


def test_p1_an_archive_that_is_a_bomb_or_holds_more_is_refused(district: District) -> None:
    district.put(1, [row(1)], "csv", data=bytes(30_000_000), packed=True)
    assert "ARCHIVE_UNSAFE" in refusal(district)
    district.put(1, [row(1)], "xlsx", packed=True)
    assert "ARCHIVE_UNSAFE, an archive in an archive" in refusal(district)


def test_p1_a_file_that_is_written_while_it_is_read_gives_nothing(district: District) -> None:
    district.put(1, [row(number) for number in range(4)])
    source = district.source(page_rows=2)
    page = source.fetch(None)
    file = district.file(1)
    with file.open("r+b") as written:
        written.write(b"x")
    with pytest.raises((Unavailable, Misconfigured)):
        source.fetch(page.cursor)


# ---- what lies in the folder ---------------------------------------------------------------------------------------


def test_p5_links_and_devices_are_not_followed(district: District, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(json.dumps(row(1)) + "\n")
    district.put(1, [row(1)])
    district.file(1).unlink()
    district.file(1).symlink_to(secret)
    assert "its file is a link" in refusal(district)
    district.file(1).unlink()
    os.mkfifo(district.file(1))
    assert "no ordinary file" in refusal(district)
    (district.inbox / "a.manifest.json").symlink_to(secret)
    os.mkfifo(district.inbox / "b.manifest.json")
    remark = district.source(first=2).fetch({"next": 2}).remark
    assert "a.manifest.json (a link" in remark
    assert "b.manifest.json (no ordinary file)" in remark


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", ".hidden", "a/b", "a\\b", ""])
def test_p5_a_name_with_a_path_is_no_file_of_a_batch(district: District, name: str) -> None:
    file = district.put(1, [row(1)])
    told = json.loads(file.read_bytes())
    del told["keyId"], told["signature"], told["format"]
    file.write_text(json.dumps(district.signer.signed(told | {"file": name})))
    page = district.source().fetch(None)
    assert page.rows == []
    assert "titles-000001.manifest.json (file: " in page.remark


def test_p5_a_number_in_the_name_of_a_file_is_not_told(district: District) -> None:
    (district.inbox / "360426199101010071.manifest.json").write_bytes(b"{")
    remark = district.source().fetch(None).remark
    assert "not finished" in remark
    assert "360426199101010071" not in remark


def test_bounds_of_a_folder(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    district.put(1, [row(1)])
    (district.inbox / "big.manifest.json").write_bytes(b" " * (manifest.MANIFEST_BYTES_MAX + 1))
    assert "big.manifest.json (too large)" in district.source(first=2).fetch({"next": 2}).remark
    monkeypatch.setattr(inbox, "MANIFESTS_MAX", 1)
    assert "more than 1 manifests" in refusal(district)


def test_a_folder_that_is_away_is_an_outage(district: District) -> None:
    source = district.source()
    district.inbox.rename(district.inbox.with_name("away"))
    with pytest.raises(Unavailable):
        source.fetch(None)


def test_a_cursor_of_another_source_is_told(district: District) -> None:
    assert "the cursor is none of a folder" in refusal(district, {"after": "x"})


def test_a_look_up_is_not_supported(district: District) -> None:
    with pytest.raises(RecordRejected, match="LOOKUP_UNSUPPORTED"):
        district.source().look_up(LookupQuery("unit-no", "x", "p", "b"))


def test_the_rows_of_a_day_are_those_of_the_batches_that_were_made_on_it(district: District) -> None:
    district.put(1, [row(1)], made_at="2026-02-28T23:59:59+08:00")
    district.put(2, [row(2), row(3)], "csv", made_at="2026-02-28T16:00:00Z")
    district.put(3, [row(4)], made_at="2026-03-02T00:00:00+08:00")
    district.put(4, [row(5)], signer=BatchSigner(2))
    found = district.source().day(date(2026, 3, 1))
    assert {key.partition("#")[0] for key in found.keys} == {"K-2", "K-3"}
