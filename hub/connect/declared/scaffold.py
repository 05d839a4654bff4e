"""A new folder for a declared source: every required field of its kind is named, for a person to complete."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hub.connect.declared.fitting import Field, fields_of
from hub.connect.declared.models import UNDECIDED
from hub.errors import Misconfigured
from hub.records.kinds import Kind

_ABOVE: Final = """name = "{name}"                 # also the name of the folder
kind = "{kind}"
direction = "source"
transport = "{transport}"
assurance = "CHANNEL_ONLY"      # SIGNED_RESPONSE or SEALED_DOCUMENT, if the source signs
authority = ""                  # who numbers the rows; part of each record id, so it never changes
lookup_by = []                  # uscc, resident-id, unit-no, address, title-no
{remembers}
[title]
zh = ""
en = ""

[[settings]]
name = "url"
{url}
"""
_REMEMBERS: Final = "remembers = true                # unchanged rows come again: the hub drops them\n"
_URLS: Final = {
    "table": 'secret = true\ndoc = "SQLAlchemy URL of the exchange database, with a user that may only read."',
    "rest": 'doc = "Base URL."',
}
_SECTIONS: Final = {
    "table": '''
[table]
name = "?"                      # the table; SCHEMA.TABLE with a schema
key = "?"                       # the column that names a row, or a list
time = "?"                      # the column with the time of the last change
time_as = "datetime"            # milliseconds, seconds, datetime, text (with time_format)
columns = ["?"]                 # the columns that mapping.toml reads
# operation = "?"               # the column with I, U, D, if there is one
# deleted_when = { column = "?", in = ["0"] }

# [table.children.holders]      # a table of lines: a list "holders" for the mapping
# table = "?"
# parent = "?"                  # its column with the key of the row
# order = "?"
# columns = ["?"]

# [table.lookups]               # for each word of lookup_by
# uscc = { column = "?" }
''',
    "rest": '''
[rest.auth]
by = "none"                     # api-key, bearer, oauth2, national: each has settings of its own

[rest.row]
key = "?"                       # the column that names a row
version = "?"                   # the column that grows with each change
version_as = "number"           # milliseconds, seconds, or a form such as %Y-%m-%d %H:%M:%S

[rest.feed]
path = "/?"
rows = "?"                      # where the list of rows is in the answer: data.list
paging = "page"                 # cursor, page, offset, none
at = "page"                     # the parameter with the page's number, offset or cursor
size = "size"                   # the parameter with the number of rows
total = "?"                     # where the number of all rows is: data.total

# [rest.feed.window]            # a feed by the time of the last change; then also remembers = true
# since = "?"
# until = "?"
# begin = 2024-01-01

# [rest.result]                 # the service's own code in each answer
# code = "code"
# ok = ["0"]

# [rest.lookups.uscc]           # for each word of lookup_by
# path = "/?"
# rows = "?"
# send = { "?" = "value" }
''',
}  # fmt: skip
_ABOVE_FIELDS: Final = (
    "# Write the source's column or path in the place of each question mark. A line with # before it is optional.",
    '# Where the source has no column: region = { as = "constant", value = "120104" }. A place in an object or list:',
    "# legal.name, units.0.name. Every key: docs/declarations.md.",
    "",
)
_FORM_OF: Final = {
    "date": "day", "enum": "code", "boolean": "flag", "long": "number", "int": "number", "texts": "split",
    "address": "address",
}  # fmt: skip
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,62}")
_LINE: Final = "column,code,value,meaning\n"


def scaffold(folder: Path, kind: Kind, transport: str) -> list[Path]:
    """Write a new folder, and return its files. Raises ``Misconfigured`` when the folder exists, or cannot be
    the name of a connector."""
    if not _NAME.fullmatch(folder.name):
        raise Misconfigured(f"{folder.name!r} is no name of a connector", "use small letters, digits and _")
    if folder.exists():
        raise Misconfigured(f"{folder} exists", "name a folder that is not there yet")
    files = {
        "connector.toml": _info(folder.name, kind, transport),
        "mapping.toml": _mapping(kind),
        "codes.csv": _LINE,
        "README.md": f"# {folder.name}\n\nWhat the source is, who owns it, and how it is set up.\n",
    }
    (folder / "samples").mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return [folder / name for name in files]


def _info(name: str, kind: Kind, transport: str) -> str:
    remembers = _REMEMBERS if transport == "table" else ""
    above = _ABOVE.format(name=name, kind=kind.name, transport=transport, remembers=remembers, url=_URLS[transport])
    return above + _SECTIONS[transport]


def _mapping(kind: Kind) -> str:
    fields = fields_of(kind.schema.parsed)
    own = [one for path, one in fields.items() if path.partition(".")[0] not in ("source", "assurance")]
    lines = [*_ABOVE_FIELDS, "[fields]"]
    lines += [line for one in own if one.type not in ("record", "array") for line in _field(one)]
    for one in (one for one in own if one.type == "array"):
        lines += ["", f"[each.{one.path}]", f'from = "{UNDECIDED}"', f"[each.{one.path}.fields]"]
        lines += [line for inner in fields_of(one.schema["items"]).values() for line in _field(inner)]
    return "\n".join(lines) + "\n"


def _field(field: Field) -> Iterator[str]:
    name = f'"{field.path}"' if "." in field.path else field.path
    rule = f'from = "{UNDECIDED}", as = "{_form(field)}"' + "".join(f", {more}" for more in _more(field))
    yield f"# {_words(field)}"
    yield ("# " if field.optional else "") + f"{name} = {{ {rule} }}"


def _words(field: Field) -> str:
    told = field.doc.strip().rstrip(".")
    return f"{told}: {', '.join(field.symbols)}." if field.symbols else f"{told}."


def _form(field: Field) -> str:
    if field.form == "decimal":
        return "decimal"
    return _FORM_OF.get(field.type) or ("identifier" if field.identifies else "text")


def _more(field: Field) -> Iterator[Any]:
    unknown = next((word for word in ("UNKNOWN", "OTHER") if word in field.symbols), None)
    if field.type == "enum" and unknown:
        yield f'unknown = "{unknown}"'
    if field.nullable or (field.optional and field.type == "texts"):
        yield "required = false"
    elif field.optional and field.type == "string":
        yield 'required = false, default = ""'
    elif field.optional and field.type == "boolean":
        yield "required = false, default = false"
