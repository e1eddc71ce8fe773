"""POST /v1/events is a route of its own kind; it keeps the manners of the others."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.serving import Api, until

PATH = "/v1/events"
EVENT: dict[str, Any] = {"type": "purchase", "payload": {"name": "Zoë 🦉 \u2028"}}


async def exchange(api: Api, *lines: str, body: bytes = b"", hang_up: bool = False) -> bytes:
    """Send a request as it is written, and return the beginning of the answer."""
    place = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: x", *lines, "", ""])
    writer.write(head.encode() + body)
    await writer.drain()
    answer = b"" if hang_up else await asyncio.wait_for(reader.read(65_536), 10)
    writer.close()
    return answer


def key_line(api: Api) -> str:
    return f"Authorization: Bearer {api.key}"


async def total(api: Api) -> int:
    async with api.platform.database.read() as connection:
        return int((await connection.exec_driver_sql("SELECT count(*) FROM events")).scalar_one())


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_another_method_is_refused_and_told_which_is_allowed(api: Api, method: str):
    answer = await api.client.request(method, PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_all_methods_of_a_path_are_named(api: Api):
    answer = await api.client.request("DELETE", "/v1/webhooks")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_a_slash_at_the_end_leads_to_it(api: Api):
    answer = await api.client.post(f"{PATH}/", json=EVENT)
    assert answer.status_code == 307
    assert (await api.client.post(answer.headers["location"], json=EVENT)).status_code == 202


async def test_the_document_tells_of_its_body_key_and_answers(api: Api):
    operation = (await api.get("/openapi.json"))["paths"][PATH]["post"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]
    assert {"202", "409"} <= operation["responses"].keys()
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["$ref"].endswith("/EventBody")


@pytest.mark.parametrize("line", ["", "Authorization: Bearer hwk_wrong", "Cookie: hookwright_session=wrong"])
async def test_who_calls_is_asked_before_the_body_is_waited_for(api: Api, line: str):
    lines = [part for part in (line, "X-Hookwright-CSRF: 1", "Content-Length: 8000000") if part]
    answer = await exchange(api, *lines)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"application/problem+json" in answer


async def test_a_cookie_alone_is_no_permission(api: Api):
    link = await api.platform.gatekeeper.create_link_token(api.platform.workspace_id)
    session = await api.platform.gatekeeper.exchange_link(link)
    async with httpx2.AsyncClient(base_url=api.url, cookies={"hookwright_session": session}) as browser:
        assert (await browser.post(PATH, json=EVENT)).status_code == 403
        assert (await browser.post(PATH, json=EVENT, headers={"X-Hookwright-CSRF": "1"})).status_code == 202


async def test_whoever_hangs_up_within_a_body_stores_nothing_and_disturbs_nobody(api: Api):
    whole = json.dumps(EVENT).encode()
    await exchange(api, key_line(api), f"Content-Length: {len(whole) + 1}", body=whole, hang_up=True)
    chunk = b"%x\r\n%b\r\n" % (len(whole), whole)
    await exchange(api, key_line(api), "Transfer-Encoding: chunked", body=chunk, hang_up=True)

    async def both_told() -> bool | None:
        metrics = (await api.client.get("/metrics")).text
        told = f'hookwright_http_requests_total{{method="POST",route="{PATH}",status="400"}} 2.0'
        return True if told in metrics else None

    await until(both_told)
    assert await total(api) == 0
    await api.event()


async def test_a_body_may_come_in_pieces_without_its_length(api: Api):
    async def pieces() -> Any:
        for byte in json.dumps(EVENT).encode():
            yield bytes([byte])

    assert (await api.client.post(PATH, content=pieces())).status_code == 202


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
async def test_a_body_is_read_in_each_of_json_s_encodings(api: Api, encoding: str):
    wide = {"type": "purchase", "payload": {**EVENT["payload"], "filler": "é" * 60_000}}
    for events in ([EVENT], [EVENT, *[wide] * 10]):  # over 1 MiB, a list is parsed by another way
        body = json.dumps(events, ensure_ascii=False).encode(encoding)
        answer = await api.client.post(PATH, content=body)
        assert answer.status_code == 202
        [*_, last] = answer.json()["events"]
        assert (await api.get(f"{PATH}/{last['id']}"))["payload"] == events[-1]["payload"]


async def test_a_number_of_too_many_digits_is_refused_in_words_for_its_sender(api: Api):
    body = b'{"type": "purchase", "payload": {"number": %b}}'
    assert (await api.client.post(PATH, content=body % (b"9" * 4300))).status_code == 202
    answer = await api.client.post(PATH, content=body % (b"9" * 5000))
    assert answer.status_code == 400
    message = answer.json()["errors"][0]["message"]
    assert "5000 digits" in message
    assert "sys." not in message


async def test_space_around_a_key_is_none_of_it(api: Api):
    body = json.dumps(EVENT).encode()
    lines = (key_line(api), f"Content-Length: {len(body)}")
    first = await exchange(api, *lines, "Idempotency-Key:  \t abc \t ", body=body)
    assert first.startswith(b"HTTP/1.1 202 ")
    again = await api.client.post(PATH, content=body, headers={"Idempotency-Key": "abc"})
    assert again.headers["idempotency-replayed"] == "true"
    assert await total(api) == 1
    assert (await exchange(api, *lines, "Idempotency-Key: \t ", body=body)).startswith(b"HTTP/1.1 422 ")
