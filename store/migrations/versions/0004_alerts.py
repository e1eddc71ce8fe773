"""alerts"""

import sqlalchemy as sa
import sqlmodel
import store.moment
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_PARTIAL = {
    'ix_alerts_open_list': (['workspace_id', 'id'], 'closed_at IS NULL'),
    'ix_alerts_open_webhook': (['webhook_id'], 'closed_at IS NULL'),
    'ix_alerts_mail_due': (['mail_due_at'], 'mail_due_at IS NOT NULL'),
    'ix_alerts_mailed': (['mailed_at'], 'mailed_at IS NOT NULL'),
}


def upgrade() -> None:
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('webhook_id', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('mail_due_at', store.moment.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('mailed_at', store.moment.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('mail_attempts', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.execute('UPDATE alerts SET webhook_id = subject_id')
    op.create_index('ix_alerts_workspace', 'alerts', ['workspace_id', 'id'], unique=False)
    op.create_index('ix_alerts_topic', 'alerts', ['workspace_id', 'topic', 'id'], unique=False)
    for name, (columns, where) in _PARTIAL.items():
        op.create_index(name, 'alerts', columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    operational = sa.text('operational')
    op.create_index('ix_webhooks_operational', 'webhooks', ['workspace_id'], unique=False, sqlite_where=operational, postgresql_where=operational)
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.add_column(sa.Column('operational', sa.Boolean(), server_default=sa.text('false'), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.drop_column('operational')
    op.drop_index('ix_webhooks_operational', 'webhooks')
    for name in (*_PARTIAL, 'ix_alerts_topic', 'ix_alerts_workspace'):
        op.drop_index(name, 'alerts')
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.drop_column('mail_attempts')
        batch_op.drop_column('mailed_at')
        batch_op.drop_column('mail_due_at')
        batch_op.drop_column('webhook_id')
