"""claims without indexes"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take `worker_id` out of all indexes, so that a claim changes none, and leave it room on PostgreSQL's pages."""
    op.add_column('deliveries', sa.Column('key_under_way', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.execute('UPDATE deliveries SET key_under_way = ordering_key WHERE worker_id IS NOT NULL')
    op.drop_index('ix_deliveries_claimed', 'deliveries')
    _due('run_at IS NOT NULL')
    _index('ix_deliveries_key_under_way', ['webhook_id', 'key_under_way'], 'key_under_way IS NOT NULL')
    _on_postgresql('ALTER TABLE deliveries SET (fillfactor = 45)', 'ANALYZE deliveries (key_under_way)')


def downgrade() -> None:
    op.drop_index('ix_deliveries_key_under_way', 'deliveries')
    op.drop_column('deliveries', 'key_under_way')
    _due('worker_id IS NULL AND run_at IS NOT NULL')
    _index('ix_deliveries_claimed', ['worker_id'], 'worker_id IS NOT NULL')
    _on_postgresql('ALTER TABLE deliveries RESET (fillfactor)')


def _due(where: str) -> None:
    op.drop_index('ix_deliveries_due', 'deliveries')
    _index('ix_deliveries_due', ['webhook_id', 'lane', 'run_at'], where)


def _index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, 'deliveries', columns, sqlite_where=condition, postgresql_where=condition)


def _on_postgresql(*statements: str) -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for statement in statements:
            op.execute(statement)
