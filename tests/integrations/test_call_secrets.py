"""Secrets of a call: sent only to their hosts, and shown to nobody, however they come back."""

import json
from base64 import b64encode
from urllib.parse import quote

import pytest

from rules.errors import InvalidInput
from rules.header_fields import MASK
from rules.integration_spec import SecretDraft
from tests.integrations.conftest import WORKSPACE, Desk

SECRET = 'tok/en "№1" +x=='
SECRET_ASCII = "tok/en +1x=="
ECHOES = {
    "raw": lambda secret: secret,
    "json": lambda secret: json.dumps({"got": secret}),
    "percent": lambda secret: "token=" + quote(secret, safe=""),
    "base64": lambda secret: "Basic " + b64encode(b"user:" + secret.encode()).decode(),
    "hex": lambda secret: secret.encode().hex(),
}


@pytest.mark.parametrize("how", ECHOES)
@pytest.mark.parametrize("status", [200, 401, 302])
async def test_a_secret_that_comes_back_is_shown_to_nobody(desk: Desk, how: str, status: int):
    await desk.secret("erp_token", SECRET_ASCII)
    spelled = ECHOES[how](SECRET_ASCII)
    headers = {"X-Echo": spelled, "Location": f"https://x.example/{quote(SECRET_ASCII, safe='')}"}
    desk.stub.answers(f"you sent {spelled}.", status=status, headers=headers)
    trigger = await desk.trigger(
        "/x?key=$erp_token",
        "POST",
        headers=[{"key": "Authorization", "value": "Bearer $erp_token"}],
        body={"token": "$erp_token", "also": "x $erp_token"},
    )
    report = await desk.run(trigger)
    sent = desk.stub.requests[0]
    assert sent[2]["Authorization"] == f"Bearer {SECRET_ASCII}"
    assert json.loads(sent[3])["token"] == SECRET_ASCII
    everything = json.dumps([report.as_dict(), report.for_model, await desk.log()], ensure_ascii=False, default=str)
    assert MASK in everything
    for spell in ECHOES.values():
        assert spell(SECRET_ASCII) not in everything
    assert (await desk.log())[0]["variables"] == {"erp_token": MASK}


async def test_a_secret_with_every_kind_of_letter_is_masked_in_json(desk: Desk):
    await desk.secret("erp_token", SECRET)
    desk.stub.answers({"echo": {SECRET: [SECRET, json.dumps(SECRET)]}})
    report = await desk.run(await desk.trigger("/x", "POST", body={"token": "$erp_token"}))
    assert json.loads(desk.stub.requests[0][3]) == {"token": SECRET}
    assert report.for_model["body"] == {"untrusted": {"echo": {MASK: [MASK, f'"{MASK}"']}}}
    assert "№1" not in json.dumps(await desk.log(), ensure_ascii=False, default=str)


async def test_credentials_written_into_the_template_are_masked_too(desk: Desk):
    desk.stub.answers("invalid token my_token_123")
    trigger = await desk.trigger("/x", headers=[{"key": "Authorization", "value": "Bearer my_token_123"}])
    report = await desk.run(trigger)
    assert desk.stub.requests[0][2]["Authorization"] == "Bearer my_token_123"
    everything = json.dumps([report.as_dict(), report.for_model, await desk.log()], default=str)
    assert "my_token" not in everything


async def test_a_secret_that_is_not_stored_is_not_shown_as_if_it_had_been_sent(desk: Desk):
    desk.stub.answers({"got": "Bearer $erp_token"}, status=401)
    report = await desk.run(await desk.trigger("/x", headers=[{"key": "Authorization", "value": "Bearer $erp_token"}]))
    assert report.request["headers"]["Authorization"] == "Bearer $erp_token"
    assert report.as_dict()["response"]["body"] == {"got": "Bearer $erp_token"}
    assert "there is no variable `$erp_token`" in report.warnings[0]


async def test_a_secret_is_not_sent_to_a_host_that_it_is_no_longer_bound_to(desk: Desk):
    await desk.secret("erp_token", "tok-1234")
    trigger = await desk.trigger("/x", headers=[{"key": "Authorization", "value": "Bearer $erp_token"}])
    await desk.vault.put(WORKSPACE, "erp_token", SecretDraft(value="tok-1234", hosts=["erp.example.com"]))
    with pytest.raises(InvalidInput, match="erp_token") as refused:
        await desk.run(trigger)
    assert "tok-1234" not in str(refused.value)
    assert desk.stub.requests == []
    [row] = await desk.log()
    assert (row["request"], row["variables"], row["attempts"]) == ({}, {}, 0)
    assert "erp_token" in row["error"]


@pytest.mark.parametrize("kind", ["text", "list", "object"])
async def test_a_secret_at_the_cut_of_a_large_answer_is_masked_in_part(desk: Desk, kind: str):
    await desk.secret("token", SECRET_ASCII)
    trigger = await desk.trigger("/x", headers=[{"key": "Authorization", "value": "Bearer $token"}])
    long = "".join(f"{at:04d}{SECRET_ASCII}" for at in range(7_000))
    desk.stub.answers({"text": long, "list": [long] * 3, "object": {"a": {long: long}}}[kind])
    report = await desk.run(trigger)
    shown = json.dumps([report.as_dict(), report.for_model, await desk.log()], default=str, ensure_ascii=False)
    assert MASK in shown
    assert SECRET_ASCII[:4] not in shown
    assert report.for_model["body"]["truncated"] is True
    assert len(json.dumps(report.for_model, ensure_ascii=False)) <= 20_000
