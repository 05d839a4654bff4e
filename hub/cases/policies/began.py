"""That a case keeps the table that it began with, also where an operator changes the files of the hub."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Column, Connection, insert, select, update

from hub.cases.tables import policy_file
from hub.errors import Misconfigured


def check(
    connection: Connection, columns: Iterable[Column[str]], known: Collection[str], filed: Mapping[str, str]
) -> None:
    """Check that this hub has every table that a case began with, and that each says what it said when the first case
    began with it. ``columns`` say which; ``known``: versions that this hub has; ``filed``: version →
    digest of the operator's own. Remembers the digests.

    Raises ``Misconfigured``: nothing is wrong with the cases; this hub must wait for the right file."""
    versions = {version for one in columns for version in connection.execute(select(one).distinct()).scalars()}
    if missing := sorted(versions - set(known)):
        raise Misconfigured(
            f"applications began with the policy table {missing[0]}, which this hub has not",
            "put its file into policies_dir, as on the other hubs; nothing is decided here until then",
        )
    remembered = {row.version: row.digest for row in connection.execute(select(policy_file))}
    for version, digest in sorted(filed.items()):
        if version not in remembered:
            connection.execute(insert(policy_file).values(version=version, digest=digest))
        elif remembered[version] != digest and version in versions:
            raise Misconfigured(
                f"policies_dir: the table {version} has changed, and applications began with it",
                "put the former file back, and give the changed table a version, a first day and a file of its own",
            )
        elif remembered[version] != digest:
            connection.execute(update(policy_file).where(policy_file.c.version == version).values(digest=digest))
