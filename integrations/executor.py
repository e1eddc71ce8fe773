"""Calls a trigger's endpoint: arguments checked, request rendered, sent, read, merged and logged (C02 to C07, C09)."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any, Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from integrations.answer import Answer, read_answer
from integrations.attempts import Attempts
from integrations.calls import CallReport, PreparedCall, subject
from integrations.checks import check_hosts, compile_integration
from integrations.merging import Merge, merge_and_log
from integrations.sessions import SessionView, session_view
from integrations.slots import BusyError, Slots
from integrations.triggers import TriggerView
from integrations.vault import OpenSecret, Vault
from rules.argument_schema import property_names, violations
from rules.client_data import Merged, check_client_data
from rules.echoes import echoes_of
from rules.errors import InvalidInput, NotFound, Unavailable
from rules.header_fields import looks_secret
from rules.integration_spec import Integration
from rules.literal_credentials import header_templates, masked, stays_open, written_in
from rules.outcomes import Cause, Exchange, Fault, Send
from rules.request_template import Rendered, RequestTemplate, render
from rules.validation import parse
from rules.variables import Scope
from store import sessions as store
from store.pages import Row
from store.session import Database

__all__ = ["CallReport", "Executor"]

_DEFAULT_TIMEOUT_MS: Final = 20_000
_SHORTEST_CREDENTIAL: Final = 8  # characters, of a header that is one; shorter ones are as likely ordinary words
_LARGE: Final = 65_536  # characters of a request; masking more than this would hold up everyone else
_STOPPED: Final = Fault(
    Cause.LOCAL_ERROR, "The conversation was stopped while this call waited for its answer; it may have arrived.", 0
)
_NOT_BEGUN: Final = Fault(Cause.LOCAL_ERROR, "The conversation was stopped before this call was sent.", 0)
_BUSY: Final = Fault(
    Cause.RATE_LIMITED,
    "Nothing was sent: this server has as many calls under way as it may. Try again in a moment.",
    0,
)
Result = TypeVar("Result")
log = logging.getLogger("hookwright.call")


class Executor:
    """Calls triggers' endpoints through the one door out."""

    def __init__(
        self, database: Database, vault: Vault, send: Send, *, rng: Random | None = None, slots: Slots | None = None
    ) -> None:
        self._database = database
        self._vault = vault
        self._send = send
        self._rng = rng or Random()
        self._slots = slots or Slots()

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
        """Call a trigger's endpoint once; a GET up to three times (see `integrations.attempts`).

        A 2xx answer's `session.client_data` is merged into the session, also when `interpret_response` is false: it
        is data for later calls, not something to say. Redirects are not followed.

        Args:
            workspace_id: The caller's.
            trigger: What to call.
            arguments: JSON values by name, not yet checked.
            session: Whose client data and images to use, and where to log; it is read anew.
            client_data: Laid over the session's for this call only.
            images: URLs, instead of the session's.
            dry_run: Render only: nothing is sent and nothing stored.

        Raises:
            InvalidInput: `arguments.…` do not fit the schema; `integration.…` cannot be rendered, or would send a
                secret to a host that it is not bound to; `client_data.…`. Nothing was sent.
            NotFound: the trigger or session is not in this workspace.
            Unavailable: The call could not be logged before it was to be sent. Nothing was sent.

        """
        if trigger.workspace_id != workspace_id:
            raise NotFound("trigger", trigger.id)
        if wrong := violations(trigger.parameters, arguments):
            raise InvalidInput(wrong)
        at = datetime.now(UTC)
        current = await self._current(workspace_id, trigger, session)
        known = {**(current.client_data if current else {}), **check_client_data(client_data or {})}
        pictures = list(images) if images is not None else list(current.images) if current else []
        system = {"company.id": workspace_id, "assistant.id": trigger.assistant_id, "images": pictures}
        if current is not None:
            system["session.id"] = current.id
        try:
            call = await self._prepared(trigger, arguments, system, known, at)
        except InvalidInput as refusal:
            if not dry_run:
                await self._log_refusal(trigger, current, at, refusal)
            raise
        return call.dry_report() if dry_run else await self._called(call)

    async def _current(
        self, workspace_id: str, trigger: TriggerView, session: SessionView | None
    ) -> SessionView | None:
        if session is None:
            return None
        async with self._database.read() as connection:
            current = session_view(await store.get(connection, workspace_id, session.id))
        if current.assistant_id != trigger.assistant_id:
            raise InvalidInput.of("session_id", "is a session of another assistant than the trigger's")
        return current

    async def _prepared(
        self,
        trigger: TriggerView,
        arguments: Mapping[str, Any],
        system: Mapping[str, Any],
        client_data: dict[str, Any],
        at: datetime,
    ) -> PreparedCall:
        template = _compiled(json.dumps(trigger.integration, ensure_ascii=False))
        names = await self._vault.names(trigger.workspace_id)
        secrets = await self._vault.open(trigger.workspace_id, [name for name in names if template.may_use(name)])
        check_hosts(template, {secret.name: secret.hosts for secret in secrets})
        values = {secret.name: secret.value for secret in secrets}
        scope = Scope(system, values, client_data, arguments, property_names(trigger.parameters))
        try:
            request = render(template, scope)
        except InvalidInput as error:
            raise error.under("integration") from None
        hidden = echoes_of(frozenset(_hidden(secrets, request, trigger.integration)))
        session_id = system.get("session.id")
        parts = (trigger, session_id, at, request, hidden, client_data, names)
        # Masking a large request takes seconds.
        return await asyncio.to_thread(PreparedCall, *parts) if _length(request) > _LARGE else PreparedCall(*parts)

    async def _called(self, call: PreparedCall) -> CallReport:
        """Send when there is a slot for it; else say that nothing was sent."""
        seconds = call.trigger.integration.get("timeout_ms", _DEFAULT_TIMEOUT_MS) / 1000
        try:
            async with self._slots.hold(call.trigger.workspace_id, seconds):
                return await self._sent(call, seconds)
        except BusyError:
            return await _finished(self._settled(call, Attempts(self._send, self._rng), _BUSY))

    async def _sent(self, call: PreparedCall, timeout_seconds: float) -> CallReport:
        """Send, and see to it that whatever was sent is logged, also when the turn is stopped meanwhile."""
        attempts = Attempts(self._send, self._rng)
        try:
            if call.request.method != "GET":
                await _finished(self._begin(call))
            exchange = await attempts.run(call.request, timeout_seconds)
        except asyncio.CancelledError:
            await _finished(self._settled(call, attempts, _STOPPED if attempts.count else _NOT_BEGUN))
            raise
        return await _finished(self._settled(call, attempts, exchange))

    async def _begin(self, call: PreparedCall) -> None:
        """Log a call that may change something before it is sent: this server may be killed before the answer."""
        try:
            async with self._database.write() as connection:
                await store.put_call(connection, call.begun_row())
        except (SQLAlchemyError, OSError) as error:
            log.error("call %s was not sent, for it could not be logged: %s", call.id, type(error).__name__)  # noqa: TRY400 - the frames hold secrets
            raise Unavailable("Nothing was sent: this server could not log the call. Try again.") from None

    async def _settled(self, call: PreparedCall, attempts: Attempts, exchange: Exchange) -> CallReport:
        """Read the answer, merge what it returned, and log the call: all of it, or at least the log."""
        duration_ms = attempts.duration_ms
        answer = await self._read(call, exchange)
        merge = Merge(call.session_id, answer.returned, answer.held_back, call.secret_names, oversized=answer.oversized)

        def row(warnings: tuple[str, ...]) -> Row:
            every = (*call.request.warnings, *warnings)
            return call.row(answer, warnings=every, attempts=attempts.count, duration_ms=duration_ms)

        merged, logged = await self._stored(call, merge, row)
        warnings = (*call.request.warnings, *merged.warnings)
        report = call.report(
            answer, client_data=merged.client_data, warnings=warnings, log_id=call.id if logged else None
        )
        return replace(report, attempts=attempts.count, duration_ms=duration_ms)

    async def _stored(
        self, call: PreparedCall, merge: Merge, row: Callable[[tuple[str, ...]], Row]
    ) -> tuple[Merged, bool]:
        """Merge and log; when that fails, log only; when that fails too, say so: the call was made all the same."""
        for attempt in (merge, merge.given_up()):
            try:
                stored = await merge_and_log(self._database, call.trigger.workspace_id, attempt, call.client_data, row)
            except Exception as error:  # noqa: BLE001 - whatever ails the store
                log.error("call %s was made but not stored: %s", call.id, type(error).__name__)  # noqa: TRY400 - the frames hold secrets
            else:
                return stored, True
        return Merged(call.client_data, ("The call was made, but this server could not log it.",)), False

    async def _read(self, call: PreparedCall, exchange: Exchange) -> Answer:
        try:
            return await read_answer(exchange, call.request.method, call.echoes)
        except Exception as error:  # noqa: BLE001 - what was sent must be logged, whatever came back
            log.error("the answer to call %s could not be read: %s", call.id, type(error).__name__)  # noqa: TRY400 - the frames hold secrets
            words = "An answer came, but this server could not read it; its log says why."
            return await read_answer(Fault(Cause.LOCAL_ERROR, words, 0), call.request.method, call.echoes)

    async def _log_refusal(
        self, trigger: TriggerView, session: SessionView | None, at: datetime, refusal: InvalidInput
    ) -> None:
        """Log that nothing was sent and why; of the request only what the trigger itself says."""
        row = {
            **subject(trigger, session.id if session else None, at),
            "method": trigger.integration.get("method", "GET"),
            "url": masked(trigger.integration)["url"],
            "request": {},
            "variables": {},
            "warnings": [],
            "error": f"Nothing was sent: {refusal.detail}",
            "attempts": 0,
        }
        async with self._database.write() as connection:
            await store.add_call(connection, row)


@lru_cache(maxsize=512)
def _compiled(integration: str) -> RequestTemplate:
    """Compile a trigger's templates, once for each text that they ever had."""
    return compile_integration(parse(Integration, json.loads(integration)))


def _hidden(secrets: Sequence[OpenSecret], request: Rendered, integration: Mapping[str, Any]) -> list[str]:
    """List what must not come back: secrets of the vault, and credentials in headers and the URL's template."""
    written = header_templates(integration)
    headers = [value for name, value in request.headers.items() if looks_secret(name)]
    found = [value for value in headers if not stays_open(value, written)] + written_in(integration["url"])
    return [*(secret.value for secret in secrets), *(value for value in found if len(value) >= _SHORTEST_CREDENTIAL)]


def _length(request: Rendered) -> int:
    return len(request.url) + sum(map(len, request.headers.values())) + len(request.body or b"")


async def _finished(work: Coroutine[Any, Any, Result]) -> Result:
    """Await work to its end, even when this task is cancelled meanwhile; the cancellation then goes on."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        raise
