"""The executor of triggers' calls, with a watcher that hears what came of each."""

from collections.abc import Mapping, Sequence
from random import Random
from time import perf_counter
from typing import Any

from integrations.calls import CallReport
from integrations.executor import Executor
from integrations.sessions import SessionView
from integrations.triggers import TriggerView
from integrations.vault import Vault
from rules.errors import HookwrightError
from rules.outcomes import Send
from server.watching import Watcher
from store.session import Database


class WatchedExecutor(Executor):
    """Calls endpoints as `Executor` does, and tells of every call but dry runs."""

    def __init__(
        self, database: Database, vault: Vault, send: Send, *, watcher: Watcher, rng: Random | None = None
    ) -> None:
        super().__init__(database, vault, send, rng=rng)
        self._watcher = watcher

    async def run(
        self,
        workspace_id: str,
        trigger: TriggerView,
        arguments: Mapping[str, Any],
        *,
        session: SessionView | None = None,
        client_data: Mapping[str, Any] | None = None,
        images: Sequence[str] | None = None,
        dry_run: bool = False,
    ) -> CallReport:
        """Call, and tell; see `Executor.run`."""
        started, class_ = perf_counter(), "stopped"
        try:
            report = await super().run(
                workspace_id,
                trigger,
                arguments,
                session=session,
                client_data=client_data,
                images=images,
                dry_run=dry_run,
            )
            class_ = str(report.for_model.get("class", "unknown"))
        except HookwrightError:
            class_ = "refused"
            raise
        else:
            return report
        finally:
            if not dry_run:
                self._watcher.called(class_, perf_counter() - started)
