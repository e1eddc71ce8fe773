"""The tools over assistants, which find nothing of another workspace."""

from tests.tools.conftest import Person
from tests.tools.orders import NO, YES, a_trigger, an_assistant


async def test_assistants_are_created_renamed_and_listed_with_their_triggers(person: Person) -> None:
    made = await person.run("create_assistant", name="Shop", instructions="Be kind.")
    assert made["ok"] is True
    assert [change.subject_id for change in person.recorded] == [made["assistant"]["id"]]
    edited = await person.run("edit_assistant", assistant_id=made["assistant"]["id"], name="Store")
    assert edited["changed"] == [{"field": "name", "before": "Shop", "after": "Store"}]
    again = await person.run("edit_assistant", assistant_id=made["assistant"]["id"], name="Store")
    assert again["changed"] == []
    listed = await person.run("list_assistants")
    assert [(row["name"], row["triggers"]) for row in listed["assistants"]] == [("Store", 0)]
    assert person.asked == []


async def test_deleting_an_assistant_asks_naming_what_goes_with_it_and_undo_brings_all_back(person: Person) -> None:
    trigger = await a_trigger(person)
    person.answer = NO
    assert (await person.run("delete_assistant", assistant_id=trigger.assistant_id))["declined"] is True
    assert [line["field"] for line in person.asked[0].diff or []] == ["assistant", "trigger"]
    person.answer = YES
    gone = await person.run("delete_assistant", assistant_id=trigger.assistant_id)
    assert gone["deleted"] is True
    assert (await person.run("list_triggers"))["total"] == 0
    back = await person.run("undo_change", change_id=gone["change_id"])
    assert back["assistant"]["id"] == trigger.assistant_id
    assert person.asked[-1].title == "Undo the deletion: this assistant is back, with its triggers"
    assert (await person.run("list_triggers"))["total"] == 1


async def test_change_beyond_the_newest_two_hundred_can_be_undone(person: Person) -> None:
    assistant = await an_assistant(person)
    first = await person.run("edit_assistant", assistant_id=assistant.id, name="First")
    for number in range(201):
        await person.run("edit_assistant", assistant_id=assistant.id, instructions=str(number))
    assert (await person.run("undo_change", change_id=first["change_id"]))["assistant"]["name"] == "Shop"


async def test_another_workspace_s_triggers_and_assistants_do_not_exist(person: Person) -> None:
    trigger = await a_trigger(person)
    person.workspace_id = "ws_2"
    for name in ("get_trigger", "delete_trigger", "test_trigger"):
        assert (await person.run(name, trigger_id=trigger.id))["ok"] is False
    assert (await person.run("edit_assistant", assistant_id=trigger.assistant_id, name="Mine"))["ok"] is False
    assert (await person.run("list_triggers"))["triggers"] == []
    assert (await person.run("list_calls"))["calls"] == []
    assert person.asked == []
