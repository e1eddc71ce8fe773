import asyncio

import pytest

from integrations.triggers import TriggerChanged, TriggerView
from rules.actor import Actor
from rules.errors import Conflict, NotFound
from rules.integration_spec import TriggerPatch
from tests.integrations.conftest import WORKSPACE, Desk

ACTOR = Actor("api", "key")


async def renamed(desk: Desk, trigger: TriggerView, name: str) -> TriggerChanged:
    return await desk.triggers.update(WORKSPACE, trigger.id, TriggerPatch(name=name), ACTOR)


async def test_of_two_changes_at_once_only_one_takes_a_name(desk: Desk):
    first, second = await desk.trigger(), await desk.trigger()
    both = renamed(desk, first, "same"), renamed(desk, second, "same")
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {TriggerChanged, Conflict}
    names = [trigger.name for trigger in (await desk.triggers.list(WORKSPACE)).items]
    assert names.count("same") == 1


async def test_triggers_of_a_deleted_assistant_cannot_be_changed_until_it_is_back(desk: Desk):
    trigger = await desk.trigger()
    first = await renamed(desk, trigger, "other")
    assert first.change is not None
    gone = await desk.assistants.delete(WORKSPACE, desk.assistant_id, ACTOR)
    assert gone.change is not None
    with pytest.raises(NotFound, match="assistant"):
        await renamed(desk, trigger, "third")
    with pytest.raises(NotFound, match="assistant"):
        await desk.triggers.delete(WORKSPACE, trigger.id, ACTOR)
    with pytest.raises(NotFound, match="assistant"):
        await desk.triggers.undo(WORKSPACE, first.change.id, ACTOR)
    await desk.assistants.undo(WORKSPACE, gone.change.id, ACTOR)
    assert (await desk.triggers.undo(WORKSPACE, first.change.id, ACTOR)).trigger.name == trigger.name


async def test_only_what_no_part_of_the_schema_names_is_warned_of(desk: Desk):
    parameters = {"type": "object", "allOf": [{"properties": {"order": {"type": "string"}}}]}
    trigger = await desk.trigger("/$order", parameters=parameters)
    patch = TriggerPatch(integration={"url": f"{desk.stub.url}/$order?x=$ordr"})
    [warning] = (await desk.triggers.update(WORKSPACE, trigger.id, patch, ACTOR)).warnings
    assert warning.startswith("$ordr ")
