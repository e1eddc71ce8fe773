"""Setting triggers up: testing one with what a session knows, and importing one with its secret."""

import json

from tests.acceptance.printed_integrations import NOTHING
from tests.acceptance.shop import PLANTED, Shop, opened


async def test_test_button_checks_whose_session_it_is(shop: Shop):
    made = await shop.trigger("ping", json.dumps({"url": f"{shop.stub.url}/$plan", "method": "GET"}), NOTHING)
    path = f"/v1/triggers/{made['id']}/run"
    await shop.api.call("PUT", f"/session/{shop.session}", {"client_data": {"plan": "pro"}})
    report = await shop.api.post(path, {"session_id": shop.session})
    assert report["client_data"] == {"plan": "pro"}
    assert shop.stub.seen[0].target == "/pro"
    await shop.api.post(path, {"session_id": shop.session, "client_data": {"plan": "free"}})
    assert shop.stub.seen[1].target == "/free"
    await shop.api.refused("POST", path, {"session_id": "none"}, 404)
    elsewhere = await opened(shop.api, shop.stub, shop.model)
    [error] = await shop.api.refused("POST", path, {"session_id": elsewhere.session})
    assert error["field"] == "session_id"


async def test_x08_an_import_never_touches_a_secret_that_is_there(shop: Shop):
    path = f"/v1/assistants/{shop.assistant}/triggers/import"
    line = "curl https://api.example.com/users/42 -H 'Authorization: Bearer {}'"
    names = []
    for value in (f"{PLANTED}-1", f"{PLANTED}-2"):
        answer = await shop.api.post(path, {"curl": line.format(value)})
        assert PLANTED not in json.dumps(answer)
        [made] = answer["drafts"]
        assert made["problems"] == []
        [secret] = made["secrets"]
        assert secret == {"name": secret["name"], "hosts": ["api.example.com"], "stored": True}
        names.append(secret["name"])
    assert len(set(names)) == 2
    opened_secrets = await shop.api.platform.vault.open(shop.api.platform.workspace_id, names)
    assert {secret.value for secret in opened_secrets} == {f"{PLANTED}-1", f"{PLANTED}-2"}
    for wrong in (
        {},
        {"curl": "curl https://a.example/", "openapi": {}},
        {"curl": "curl https://a.example/", "operations": []},
    ):
        await shop.api.refused("POST", path, wrong)
    await shop.api.refused("POST", "/v1/assistants/ast_none/triggers/import", {"curl": line}, 404)
