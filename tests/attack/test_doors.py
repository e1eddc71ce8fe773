"""What a stranger may not do, and what a browser may be tricked into."""

import pytest

from tests.serving import Api

COOKIE = "hookwright_session"


async def signed_in(api: Api) -> dict[str, str]:
    token = await api.platform.gatekeeper.create_link_token(api.platform.workspace_id)
    return {"cookie": f"{COOKIE}={await api.platform.gatekeeper.exchange_link(token)}", "x-hookwright-csrf": "1"}


@pytest.mark.parametrize("body", [b"{bad", b"[" * 100_000, b"1" * 9_000_000], ids=["malformed", "deep", "huge"])
async def test_body_of_a_stranger_is_not_even_read(api: Api, body: bytes) -> None:
    async with api.as_caller("hwk_nobody") as stranger:
        assert (await stranger.post("/v1/webhooks", content=body)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin", "x-hookwright-csrf": ""}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({}, 201),
    ],
)
async def test_cookie_acts_for_our_own_page_only(api: Api, headers: dict[str, str], status: int) -> None:
    body = {"name": "Forged", "kind": "funnel"}
    async with api.as_caller("") as browser:
        del browser.headers["authorization"]
        answer = await browser.post("/v1/perspectives", json=body, headers={**await signed_in(api), **headers})
    assert answer.status_code == status


async def test_origin_of_our_own_page_is_let_in(api: Api) -> None:
    async with api.as_caller("") as browser:
        del browser.headers["authorization"]
        headers = {**await signed_in(api), "origin": api.url}
        answer = await browser.post("/v1/perspectives", json={"name": "Ours", "kind": "funnel"}, headers=headers)
    assert answer.status_code == 201
