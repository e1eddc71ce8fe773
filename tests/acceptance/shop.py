"""A company whose customer talks to an assistant: its session, the API that is called, and a model with a script."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.stub import Seen, StubApi
from tests.agent.openai_server import OpenAIServer, Turn
from tests.serving import Api

PLANTED = "planted-71c0de9a44"
STREAM = {"accept": "text/event-stream"}


@dataclass
class Shop:
    """A company with an assistant, a session with it, an API to call, and a model that follows a script."""

    api: Api
    stub: StubApi
    model: OpenAIServer
    assistant: str
    session: str
    replies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.stub.url.removeprefix("http://")

    async def trigger(self, name: str, printed: str, parameters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Post a trigger whose integration is written to the letter as in the documentation; only hosts change."""
        for host in ("erp.company.com", "helpdesk.company.com", "api.vision.company.com"):
            printed = printed.replace(f"https://{host}", self.stub.url)
        fields = {"name": name, "description": f"Use {name}.", "parameters": parameters, **more}
        body = json.dumps(fields)[:-1] + f', "integration": {printed}}}'
        answer = await self.api.client.post(f"/v1/assistants/{self.assistant}/triggers", content=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def secret(self, name: str, value: str = PLANTED) -> None:
        await self.api.call("PUT", f"/v1/secrets/{name}", {"value": value, "hosts": [self.host]})

    async def say(self, message: str, *turns: Turn, **more: Any) -> dict[str, Any]:
        self.model.script = list(turns)
        reply = await self.api.post(f"/session/{self.session}/messages", {"message": message, **more})
        assert not self.model.script, "the model was not asked as often as expected"
        self.replies.append(reply)
        return reply

    async def stream(self, message: str, *turns: Turn, **more: Any) -> str:
        self.model.script = list(turns)
        body = {"message": message, **more}
        async with self.api.client.stream(
            "POST", f"/session/{self.session}/messages", json=body, headers=STREAM
        ) as response:
            assert response.status_code == 200
            return "".join([piece async for piece in response.aiter_text()])

    def read_by_model(self) -> list[dict[str, Any]]:
        """The results of calls in the last request to the model."""
        return [json.loads(said["content"]) for said in self.model.requests[-1]["messages"] if said["role"] == "tool"]

    async def shown(self) -> dict[str, Any]:
        return await self.api.get(f"/session/{self.session}")

    async def first_seen(self) -> Seen | None:
        return self.stub.seen[0] if self.stub.seen else None

    async def logs(self) -> list[dict[str, Any]]:
        return (await self.api.get(f"/session/{self.session}/logs"))["items"]


async def opened(api: Api, stub: StubApi, model: OpenAIServer) -> Shop:
    assistant = (await api.post("/v1/assistants", {"name": "Ana's shop", "instructions": "Say du."}, status=201))["id"]
    session = (await api.post("/session", {"assistant_id": assistant}, status=201))["id"]
    return Shop(api, stub, model, assistant, session)


def called(name: str, **arguments: Any) -> Turn:
    return Turn(calls=[(name, arguments)])
