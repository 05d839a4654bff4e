"""Clients of the API, which own what their tokens may use; tokens expire."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PURPOSES = "capacity-increase connection-application"
"""All that the hub of revision 0001 knew: its tokens could ask for each."""


def upgrade() -> None:
    op.create_table(
        "client",
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("divisions", sa.Text(), nullable=False),
        sa.Column("purposes", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("client", name="pk_client"),
    )
    op.add_column("token", sa.Column("expires_ms", sa.BigInteger(), nullable=True))
    _register_callers()


def _register_callers() -> None:
    """The clients that the tokens name, with all the channels of their valid tokens. Two clients may so have one
    channel, as before; a new one may not."""
    columns = ("client", "channels", "divisions", "purposes", "created_ms")
    client = sa.table("client", *map(sa.column, columns))
    found: dict[str, tuple[set[str], int]] = {}
    valid = sa.text("SELECT client, channels, created_ms FROM token WHERE revoked_ms IS NULL")
    for row in op.get_bind().execute(valid):
        channels, created_ms = found.get(row.client, (set(), row.created_ms))
        found[row.client] = channels | set(row.channels.split()), min(created_ms, row.created_ms)
    rows = [
        {
            "client": name,
            "channels": " ".join(sorted(channels)),
            "divisions": "",
            "purposes": PURPOSES,
            "created_ms": created_ms,
        }
        for name, (channels, created_ms) in found.items()
    ]
    if rows:
        op.bulk_insert(client, rows)


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
