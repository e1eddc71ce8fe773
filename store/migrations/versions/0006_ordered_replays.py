"""ordered replays"""

import sqlalchemy as sa

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_BEFORE = ['webhook_id', 'ordering_key', 'id']
_AFTER = ['webhook_id', 'lane', 'ordering_key', 'id']


def upgrade() -> None:
    """Index ordered deliveries by lane: replays have one of their own. Those that are open keep the one they have."""
    _index(_AFTER)


def downgrade() -> None:
    op.execute('UPDATE deliveries SET lane = 3 WHERE lane = 4')
    _index(_BEFORE)


def _index(columns: list[str]) -> None:
    where = sa.text('ordering_key IS NOT NULL AND finished_at IS NULL')
    op.drop_index('ix_deliveries_ordered', 'deliveries')
    op.create_index(
        'ix_deliveries_ordered', 'deliveries', columns, unique=False, sqlite_where=where, postgresql_where=where
    )
