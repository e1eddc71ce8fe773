"""partitions"""

from sqlalchemy import text

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_INDEXES = {'ix_attempts_webhook': '(webhook_id, attempted_at)', 'ix_attempts_delivery': '(delivery_id)'}


def upgrade() -> None:
    """Divide attempts by time. What is stored stays where it is and becomes the part of all times until tomorrow.

    That builds one index and reads the rows twice; nothing is copied but what a clock that was wrong had put further ahead.
    """
    if op.get_bind().dialect.name != 'postgresql':
        return
    op.execute('LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE')
    op.execute('ALTER TABLE attempts RENAME TO attempts_before')
    op.execute('ALTER TABLE attempts_before DROP CONSTRAINT attempts_pkey')
    for name in _INDEXES:
        op.execute(f'ALTER INDEX {name} RENAME TO {name}_before')
    op.execute(
        'CREATE TABLE attempts (LIKE attempts_before INCLUDING DEFAULTS, PRIMARY KEY (id, attempted_at)) '
        'PARTITION BY RANGE (attempted_at)'
    )
    for name, columns in _INDEXES.items():
        op.execute(f'CREATE INDEX {name} ON attempts {columns}')
    op.execute('CREATE TABLE attempts_default PARTITION OF attempts DEFAULT')
    if not op.get_bind().execute(text('SELECT EXISTS (SELECT FROM attempts_before)')).scalar_one():
        op.execute('DROP TABLE attempts_before')
        return
    bound = "date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day'"
    until = op.get_bind().execute(text(f"SELECT to_char({bound}, 'YYYY-MM-DD 00:00:00+00')")).scalar_one()
    op.execute(
        f"WITH ahead AS (DELETE FROM attempts_before WHERE attempted_at >= '{until}' RETURNING *) "
        'INSERT INTO attempts SELECT * FROM ahead'
    )
    op.execute(f"ALTER TABLE attempts ATTACH PARTITION attempts_before FOR VALUES FROM (MINVALUE) TO ('{until}')")


def downgrade() -> None:
    if op.get_bind().dialect.name != 'postgresql':
        return
    op.execute('LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE')
    op.execute('CREATE TABLE attempts_whole (LIKE attempts INCLUDING DEFAULTS)')
    op.execute('INSERT INTO attempts_whole SELECT * FROM attempts')
    op.execute('DROP TABLE attempts')
    op.execute('ALTER TABLE attempts_whole RENAME TO attempts')
    op.execute('ALTER TABLE attempts ADD CONSTRAINT attempts_pkey PRIMARY KEY (id)')
    for name, columns in _INDEXES.items():
        op.execute(f'CREATE INDEX {name} ON attempts {columns}')
