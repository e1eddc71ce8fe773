"""The tools over secrets, whose values only the form ever sees."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.tools.conftest import Person
from tests.tools.orders import a_secret, a_trigger


async def test_secret_form_is_filled_with_the_hosts_of_the_calls_that_use_it(person: Person) -> None:
    await a_trigger(person)
    person.answer = {"cancelled": True}
    assert (await person.run("set_secret", name="$erp_token"))["cancelled"] is True
    [question] = person.asked
    assert (question.kind, question.form_kind) == ("form", "secret")
    assert question.prefill == {"name": "erp_token", "hosts": ["erp.example.com"], "set": False}
    assert question.schema["properties"].keys() == {"secret_name", "cancelled"}


async def test_only_the_name_of_a_secret_comes_back_from_its_form(person: Person) -> None:
    await a_secret(person)
    person.answer = {"secret_name": "erp_token"}
    result = await person.run("set_secret", name="erp_token", hosts=["ERP.example.com"])
    assert person.asked[0].prefill == {"name": "erp_token", "hosts": ["erp.example.com"], "set": True}
    assert result["secret"] == {"name": "erp_token", "hosts": ["erp.example.com"]}
    listed = await person.run("list_secrets")
    assert listed["secrets"] == [{"name": "erp_token", "hosts": ["erp.example.com"]}]
    assert "planted" not in json.dumps([result, listed])


async def test_form_that_saved_nothing_is_not_believed(person: Person) -> None:
    person.answer = {"secret_name": "erp_token"}
    assert (await person.run("set_secret", name="erp_token"))["ok"] is False
    await a_secret(person)
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    for answer in ({"secret_name": "other"}, {"secret_name": "erp_token", "asked_at": later}):
        person.answer = answer
        assert (await person.run("set_secret", name="erp_token"))["ok"] is False


@pytest.mark.parametrize("name", ["9lives", "a-b", "session", "images", ""])
async def test_secret_needs_a_name_that_templates_can_use(person: Person, name: str) -> None:
    assert (await person.run("set_secret", name=name))["ok"] is False
    assert person.asked == []
