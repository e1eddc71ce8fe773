"""The webhooks that a worker delivers to, with their secrets open, as long as they are not changed."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.breaker import BreakerPolicy
from rules.errors import Unavailable
from store import webhooks as store
from store.pages import Row
from webhooks.columns import Columns
from webhooks.request import Target, open_target

log = logging.getLogger("hookwright.worker")

_SEALED = ("headers_sealed", "auth_header_sealed", "secrets_sealed", "signing_keys_sealed")
_NOTHING_SEALED = dict.fromkeys(_SEALED)


class Targets(dict[str, Target]):
    """Targets by the webhook's id, and the policies of their circuit breakers."""

    def __init__(self, columns: Columns) -> None:
        super().__init__()
        self.breakers: dict[str, BreakerPolicy] = {}
        self._columns = columns

    @property
    def longest_timeout(self) -> timedelta:
        """The longest that an attempt may take."""
        return max((target.timeout for target in self.values()), default=timedelta())

    async def refresh(self, connection: AsyncConnection, versions: Mapping[str, datetime]) -> None:
        """Read those webhooks again that are not known in the version given."""
        stale = [id_ for id_, at in versions.items() if id_ not in self or self[id_].version != at]
        for row in await store.by_ids(connection, stale) if stale else []:
            self[row["id"]] = self._open(row)
            self.breakers[row["id"]] = BreakerPolicy.from_dict(row["breaker"])

    def _open(self, row: Row) -> Target:
        """Unseal a webhook; one that cannot be unsealed waits, and the others go on."""
        try:
            return open_target(row, self._columns)
        except Unavailable as error:
            log.error("webhook %s is not delivered to: %s", row["id"], error.detail)  # noqa: TRY400 - the detail says it
            return open_target({**row, **_NOTHING_SEALED, "enabled": False}, self._columns)
