"""Events come in: one transaction stores them with one delivery for each webhook that takes them."""

import asyncio
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from rules.errors import FieldError, InvalidInput, NotFound, PayloadTooLarge
from rules.events import check_event_type, conversation_payload
from rules.filters import FilterSet, matches
from rules.ids import new_id
from rules.ranges import has_nul, shown
from store import deliveries as store
from store import idempotency
from store import webhooks as webhook_store
from store.session import Database
from webhooks.gathering import Gathering
from webhooks.handover import Handover, Offer, Taking
from webhooks.observer import NOBODY, Observer
from webhooks.wakeup import Wakeup

MAX_PAYLOAD_BYTES = 262_144
MAX_EVENTS = 1_000
MAX_ORDERING_KEY = 200
_LANES = 4  # transactions at the same time, on PostgreSQL; another one begins only while one takes long
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_FILTERS = ("event_filter", "conditions", "tag_filter", "trust_score")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to store; `id` makes it idempotent within the workspace.

    Of one `ordering_key`, each webhook gets the events one at a time, in the order in which they were accepted.
    """

    type: str
    payload: Mapping[str, Any]
    id: str | None = None
    perspective_id: str | None = None
    occurred_at: datetime | None = None
    ordering_key: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one event: whether the id was known already, and how many deliveries it made."""

    id: str
    type: str
    duplicate: bool
    deliveries: int

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of API.md."""
        return {"id": self.id, "type": self.type, "duplicate": self.duplicate, "deliveries": self.deliveries}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request with an Idempotency-Key, as JSON text, and whether it was given before."""

    text: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class _Submission:
    """What one caller asked to store: events, and the rows that they become."""

    workspace_id: str
    events: list[NewEvent]
    rows: list[dict[str, Any]]
    now: datetime


class _Listener(NamedTuple):
    """A webhook that hears of events, as a transaction sees it."""

    id: str
    filters: FilterSet
    version: datetime
    breaker_is_closed: bool


_Listeners = list[_Listener]
_Heard = dict[tuple[str, str | None], _Listeners | InvalidInput]


def answer_text(accepted: list[Accepted]) -> str:
    """Write the answer of API.md as JSON text."""
    return json.dumps({"events": [entry.as_dict() for entry in accepted]}, separators=(",", ":"))


class Intake:
    """Accept events. What `accept` returned is on disk.

    Args:
        database: Where they are stored.
        wakeup: Rung when there is something to claim.
        observer: Who is told of each request.
        handover: Where a worker of this process may take deliveries at once.

    """

    def __init__(
        self, database: Database, wakeup: Wakeup, observer: Observer = NOBODY, handover: Handover | None = None
    ) -> None:
        self._database = database
        self._wakeup = wakeup
        self._observer = observer
        self._handover = handover or Handover()
        self._gathering: Gathering[_Submission, list[Accepted]] = Gathering(
            self._store_all, lanes=1 if database.is_sqlite else _LANES, weigh=lambda one: len(one.rows)
        )

    async def accept(self, workspace_id: str, events: list[NewEvent]) -> list[Accepted]:
        """Store events and their deliveries, all or none; a known id is a duplicate and delivers nothing again.

        What others have accepted at the same time may share the transaction; whatever it fails by, nobody fails
        because of another.
        """
        _check_count(events)
        now, started = datetime.now(UTC), time.perf_counter()
        rows = await _event_rows(workspace_id, events, now)
        accepted = await self._gathering.submit(_Submission(workspace_id, events, rows, now))
        self._observe(workspace_id, accepted, started)
        return accepted

    async def accept_once(self, workspace_id: str, events: list[NewEvent], key: str, body_hash: str) -> Answer:
        """Accept events under an Idempotency-Key: the same request gets the first answer again.

        The key is stored in the transaction of the events. Raises Conflict when it came with another body before.
        """
        _check_count(events)
        now, started = datetime.now(UTC), time.perf_counter()
        rows = await _event_rows(workspace_id, events, now)
        async with self._database.write() as connection:
            earlier = await idempotency.begin(connection, workspace_id, key, body_hash, now)
            if earlier is not None:
                return Answer(earlier, replayed=True)
            submission = _Submission(workspace_id, events, rows, now)
            accepted = (await self._store(connection, [submission], Taking()))[0]
            if isinstance(accepted, Exception):
                raise accepted
            text = answer_text(accepted)
            await idempotency.finish(connection, workspace_id, key, status=202, response=text)
        self._announce([accepted])
        self._observe(workspace_id, accepted, started)
        return Answer(text, replayed=False)

    async def _store_all(self, submissions: list[_Submission]) -> list[list[Accepted] | Exception]:
        with self._handover.taking() as taking:
            async with self._database.write() as connection:
                results = await self._store(connection, submissions, taking)
        if not taking.has_all:
            self._announce(results)  # before anybody is answered: the worker's first wait then has the answers in it
        return results

    async def _store(
        self, connection: AsyncConnection, submissions: list[_Submission], taking: Taking
    ) -> list[list[Accepted] | Exception]:
        """Store submissions; one whose perspective is unknown is answered with InvalidInput and stores nothing."""
        taking.begin()
        heard = await self._heard(connection, submissions)
        refused = [_refusal(one, heard) for one in submissions]
        taken = [one for one, refusal in zip(submissions, refused, strict=True) if refusal is None]
        new = await _add_events(connection, taken)
        offers: list[Offer] = []
        results: list[list[Accepted] | Exception] = []
        for one, refusal in zip(submissions, refused, strict=True):
            results.append(refusal or _accepted(one, heard, new, offers))
        taking.offer(offers)
        await store.add(connection, [offer.delivery for offer in offers])
        return results

    async def _heard(self, connection: AsyncConnection, submissions: list[_Submission]) -> _Heard:
        """Return who listens, for each workspace and perspective that an event belongs to."""
        places = {(one.workspace_id, event.perspective_id) for one in submissions for event in one.events}
        heard: _Heard = {}
        for workspace_id, perspective_id in places:
            try:
                heard[workspace_id, perspective_id] = await self._listeners(connection, workspace_id, perspective_id)
            except InvalidInput as refusal:
                heard[workspace_id, perspective_id] = refusal
        return heard

    def _announce(self, results: Sequence[list[Accepted] | Exception]) -> None:
        if any(entry.deliveries for one in results if isinstance(one, list) for entry in one):
            self._wakeup.announce()

    def _observe(self, workspace_id: str, accepted: list[Accepted], started: float) -> None:
        fresh = [entry.id for entry in accepted if not entry.duplicate]
        self._observer.accepted(workspace_id, fresh, len(accepted) - len(fresh), time.perf_counter() - started)

    async def end_conversation(
        self, workspace_id: str, perspective_id: str, conversation_id: str, ending: Mapping[str, Any]
    ) -> Accepted:
        """Raise the event of a conversation that reached a terminal state (A01); the same end twice is one event."""
        async with self._database.read() as connection:
            if await webhook_store.perspective(connection, workspace_id, perspective_id) is None:
                raise NotFound("perspective", perspective_id)
        now = datetime.now(UTC)
        payload = conversation_payload(
            research_id=perspective_id, interview_id=conversation_id, timestamp=now, **ending
        )
        event_id = _ending_id(perspective_id, conversation_id, ending)
        event = NewEvent(payload["event"], payload, event_id, perspective_id, now)
        return (await self.accept(workspace_id, [event]))[0]

    async def event(self, workspace_id: str, event_id: str) -> dict[str, Any]:
        """Return a stored event; raises NotFound."""
        async with self._database.read() as connection:
            row = await store.event(connection, workspace_id, event_id)
        if row is None:
            raise NotFound("event", event_id)
        return {**row, "payload": json.loads(row["payload"])}

    async def _listeners(self, connection: Any, workspace_id: str, perspective_id: str | None) -> _Listeners:
        if perspective_id is not None and not await webhook_store.perspective(connection, workspace_id, perspective_id):
            raise InvalidInput.of("perspective_id", f"there is no perspective {perspective_id!r} in this workspace")
        rows = await webhook_store.listening(connection, workspace_id, perspective_id)
        return [
            _Listener(
                row["id"],
                FilterSet.of(**{name: row[name] for name in _FILTERS}),
                version=row["updated_at"],
                breaker_is_closed=row["breaker_until"] is None,
            )
            for row in rows
        ]


def payload_text(payload: Mapping[str, Any], field: str = "payload") -> str:
    """Write a payload as compact JSON text of at most 256 KiB; numbers keep every digit."""
    try:
        text = _COMPACT.encode(payload)
        size = len(text.encode())
    except ValueError as error:  # NaN, Infinity, or half a surrogate pair
        raise InvalidInput.of(field, f"cannot be written as JSON: {error}") from None
    except RecursionError:
        raise InvalidInput.of(field, "is nested too deeply") from None
    if size > MAX_PAYLOAD_BYTES:
        message = f"is {size} bytes as JSON; the limit is {MAX_PAYLOAD_BYTES} (256 KiB)"
        raise PayloadTooLarge([FieldError(field, message)])
    if has_nul(text):
        raise InvalidInput.of(field, "must not contain NUL characters")
    return text


def _ending_id(perspective_id: str, conversation_id: str, ending: Mapping[str, Any]) -> str:
    """Derive the id of an ending from all that was said of it, so that reporting it again is a duplicate."""
    said = json.dumps([perspective_id, conversation_id, ending], sort_keys=True)
    return "evt_" + hashlib.sha256(said.encode()).hexdigest()[:26]


def _check_count(events: list[NewEvent]) -> None:
    if not 1 <= len(events) <= MAX_EVENTS:
        raise InvalidInput.of("body", f"must hold 1 to {MAX_EVENTS} events; got {len(events)}")


async def _event_rows(workspace_id: str, events: list[NewEvent], now: datetime) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    written = 0
    for index, event in enumerate(events):
        try:
            rows.append(_event_row(workspace_id, event, now))
        except InvalidInput as refused:
            if len(events) == 1:
                raise
            raise type(refused)([FieldError(f"{index}.{e.field}", e.message) for e in refused.errors]) from None
        written += len(rows[-1]["payload"])
        if written > MAX_PAYLOAD_BYTES:  # writing 8 MiB of JSON takes a second: let others have a turn now and then
            written = 0
            await asyncio.sleep(0)
    return rows


def _ordering_key(key: str | None) -> str | None:
    if key is not None and (not 1 <= len(key) <= MAX_ORDERING_KEY or has_nul(key) or not _is_utf8(key)):
        message = f"must be 1 to {MAX_ORDERING_KEY} characters, without NUL; got {shown(key)}"
        raise InvalidInput.of("ordering_key", message)
    return key


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True


def _event_row(workspace_id: str, event: NewEvent, now: datetime) -> dict[str, Any]:
    event_id = new_id("evt") if event.id is None else event.id
    if not 1 <= len(event_id) <= 200 or not event_id.isprintable() or not event_id.isascii() or " " in event_id:
        raise InvalidInput.of("id", f"must be 1 to 200 visible ASCII characters; got {shown(event_id)}")
    return {
        "workspace_id": workspace_id,
        "id": event_id,
        "perspective_id": event.perspective_id,
        "type": check_event_type(event.type),
        "payload": payload_text(event.payload),
        "ordering_key": _ordering_key(event.ordering_key),
        "occurred_at": event.occurred_at or now,
        "created_at": now,
    }


async def _add_events(connection: AsyncConnection, submissions: list[_Submission]) -> set[tuple[str, str]]:
    """Insert events in the order of their workspaces and ids; returns (workspace id, event id) of those that are new.

    Everyone inserts in that order, so that two transactions with ids in common wait for each other one way only.
    """
    rows: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for one in submissions:
        for row in one.rows:
            rows[one.workspace_id].setdefault(row["id"], row)
    new: set[tuple[str, str]] = set()
    for workspace_id in sorted(rows):
        ids = await store.add_events(connection, list(rows[workspace_id].values()))
        new.update((workspace_id, id_) for id_ in ids)
    return new


def _refusal(submission: _Submission, heard: _Heard) -> InvalidInput | None:
    for event in submission.events:
        listeners = heard[submission.workspace_id, event.perspective_id]
        if isinstance(listeners, InvalidInput):
            return listeners
    return None


def _accepted(submission: _Submission, heard: _Heard, new: set[tuple[str, str]], offers: list[Offer]) -> list[Accepted]:
    """Say what became of a submission's events; the first of an id takes it out of `new` and offers its deliveries."""
    accepted = []
    for event, row in zip(submission.events, submission.rows, strict=True):
        key = (submission.workspace_id, row["id"])
        listeners = heard[submission.workspace_id, event.perspective_id]
        is_new = key in new
        new.discard(key)
        made: list[Offer] = []
        if is_new and not isinstance(listeners, InvalidInput):
            made = _deliveries(row, event, listeners, submission.now)
        offers += made
        accepted.append(Accepted(row["id"], event.type, not is_new, len(made)))
    return accepted


def _deliveries(row: dict[str, Any], event: NewEvent, listeners: _Listeners, now: datetime) -> list[Offer]:
    return [
        Offer(store.new_delivery(row, one.id, now), row, one.version, one.breaker_is_closed)
        for one in listeners
        if matches(one.filters, event.type, event.payload)
    ]
