"""NULs in addresses: PostgreSQL has no such text, and a caller must not see the difference."""

import pytest

from tests.serving import Api

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize("path", ["/session/%00", "/v1/webhooks/wh_%00x", "/v1/events/a%00", "/%00", "/v1/secrets/%00"])
async def test_nul_in_a_path_finds_nothing(api: Api, path: str) -> None:
    answer = await api.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["event_type", "webhook_id", "event_id"])
async def test_nul_in_a_query_is_refused_by_its_name(api: Api, name: str) -> None:
    [error] = await api.refused("GET", f"/v1/deliveries?limit=5&{name}=a%00b", None)
    assert error == {"field": name, "message": "must not contain NUL characters"}
