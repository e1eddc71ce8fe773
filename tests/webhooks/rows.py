"""What tests of the engine read and write in the store, past the API."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from store import webhooks as store
from store.claims import deliveries
from tests.serving import Api


async def webhook_row(api: Api, webhook_id: str) -> dict[str, Any]:
    async with api.platform.database.read() as connection:
        return dict((await store.by_ids(connection, [webhook_id]))[0])


async def set_webhook(api: Api, webhook_id: str, **values: Any) -> None:
    async with api.platform.database.write() as connection:
        await store.set_values(connection, webhook_id, {**values, "updated_at": datetime.now(UTC)})


async def set_deliveries(api: Api, webhook_id: str, **values: Any) -> None:
    async with api.platform.database.write() as connection:
        await connection.execute(update(deliveries).where(deliveries.c.webhook_id == webhook_id).values(**values))


async def delivery_rows(api: Api, webhook_id: str) -> list[dict[str, Any]]:
    async with api.platform.database.read() as connection:
        chosen = select(deliveries).where(deliveries.c.webhook_id == webhook_id).order_by(deliveries.c.id)
        return [dict(row) for row in (await connection.execute(chosen)).mappings()]
