"""The worker, where the acceptance tests cannot look."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from server.receiver import Receiver
from tests.serving import serving

pytestmark = pytest.mark.both_databases


async def test_a_webhook_that_cannot_be_unsealed_does_not_stop_the_others(
    tmp_path: Path, receiver: Receiver, endpoint: str
):
    home, old, new = tmp_path / "home", Fernet.generate_key().decode(), Fernet.generate_key().decode()
    async with serving(home, master_key=old) as api:
        await api.webhook(endpoint + "/sealed")
    async with serving(home, master_key=new) as api:
        await api.webhook(endpoint + "/readable")
        await api.event()
        await api.deliveries(1, "delivered")
        assert [received.path for received in receiver.received] == ["/hook/readable"]
        assert (await api.get("/v1/deliveries", status="pending"))["total"] == 1
    async with serving(home, master_key=f"{new},{old}") as api:
        await api.deliveries(2, "delivered")
