"""engine"""

import sqlalchemy as sa
import sqlmodel
import store.moment
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alerts',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('workspace_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('topic', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('subject_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cause', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('opened_at', store.moment.Moment(timezone=True), nullable=False),
    sa.Column('last_at', store.moment.Moment(timezone=True), nullable=False),
    sa.Column('closed_at', store.moment.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.create_index('ix_alerts_open', ['workspace_id', 'topic', 'subject_id'], unique=True, sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))

    op.create_table('idempotency_keys',
    sa.Column('workspace_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('body_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('response', sa.Text(), nullable=False),
    sa.Column('created_at', store.moment.Moment(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], ),
    sa.PrimaryKeyConstraint('workspace_id', 'key')
    )
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_idempotency_keys_created_at'), ['created_at'], unique=False)

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.add_column(sa.Column('ordering_key', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('lane', sa.Integer(), server_default=sa.text('0'), nullable=False))
        batch_op.drop_index('ix_deliveries_due', sqlite_where=sa.text('worker_id IS NULL AND run_at IS NOT NULL'), postgresql_where=sa.text('worker_id IS NULL AND run_at IS NOT NULL'))
        batch_op.create_index('ix_deliveries_due', ['webhook_id', 'lane', 'run_at'], unique=False, sqlite_where=sa.text('worker_id IS NULL AND run_at IS NOT NULL'), postgresql_where=sa.text('worker_id IS NULL AND run_at IS NOT NULL'))
        batch_op.create_index('ix_deliveries_ordered', ['webhook_id', 'ordering_key', 'id'], unique=False, sqlite_where=sa.text('ordering_key IS NOT NULL AND finished_at IS NULL'), postgresql_where=sa.text('ordering_key IS NOT NULL AND finished_at IS NULL'))

    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.add_column(sa.Column('ordering_key', sqlmodel.sql.sqltypes.AutoString(), nullable=True))

    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('signing_keys_sealed', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('signature_header', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('payload_template', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('auto_disable_hours', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('breaker', sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column('operational', sa.Boolean(), server_default=sa.text('false'), nullable=False))
        batch_op.add_column(sa.Column('failing_since', store.moment.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('disabled_reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('breaker_until', store.moment.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('breaker_trips', sa.Integer(), server_default=sa.text('0'), nullable=False))
        for counter in ('total', 'successful', 'failed', 'total_ms'):
            batch_op.alter_column(counter, existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False)
    op.execute('UPDATE webhooks SET auto_disable_hours = 120')



def downgrade() -> None:
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        for counter in ('total', 'successful', 'failed', 'total_ms'):
            batch_op.alter_column(counter, existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=False)
        batch_op.drop_column('breaker_trips')
        batch_op.drop_column('breaker_until')
        batch_op.drop_column('disabled_reason')
        batch_op.drop_column('failing_since')
        batch_op.drop_column('operational')
        batch_op.drop_column('breaker')
        batch_op.drop_column('auto_disable_hours')
        batch_op.drop_column('payload_template')
        batch_op.drop_column('signature_header')
        batch_op.drop_column('signing_keys_sealed')

    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.drop_column('ordering_key')

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_due', sqlite_where=sa.text('worker_id IS NULL AND run_at IS NOT NULL'), postgresql_where=sa.text('worker_id IS NULL AND run_at IS NOT NULL'))
        batch_op.drop_index('ix_deliveries_ordered', sqlite_where=sa.text('ordering_key IS NOT NULL AND finished_at IS NULL'), postgresql_where=sa.text('ordering_key IS NOT NULL AND finished_at IS NULL'))
        batch_op.drop_column('lane')
        batch_op.drop_column('ordering_key')

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_deliveries_due', ['webhook_id', 'run_at'], unique=False, sqlite_where=sa.text('worker_id IS NULL AND run_at IS NOT NULL'), postgresql_where=sa.text('worker_id IS NULL AND run_at IS NOT NULL'))

    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_idempotency_keys_created_at'))

    op.drop_table('idempotency_keys')
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.drop_index('ix_alerts_open', sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))

    op.drop_table('alerts')
