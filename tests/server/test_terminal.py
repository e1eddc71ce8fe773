"""The assistant in a terminal, against the real server and a scripted model endpoint."""

import asyncio
import io
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from rich.console import Console

from rules.errors import Unavailable
from server.cleaning import clean
from server.terminal import Flow, Terminal
from tests.agent.openai_server import KEY, MODEL, OpenAIServer, Turn
from tests.processes import HOOKWRIGHT
from tests.serving import Api, serving

SECRET = "Bearer planted-77"
CTRL_C = "\x03"


@dataclass
class Typist:
    lines: list[str]
    hidden: list[str] = field(default_factory=list)

    asked: list[str] = field(default_factory=list)

    async def type(self, prompt: str, *, hidden: bool = False) -> str:
        self.asked.append(prompt)
        if not self.lines:
            raise EOFError
        if hidden:
            self.hidden.append(prompt)
        line = self.lines.pop(0)
        if line == CTRL_C:
            raise KeyboardInterrupt
        return line


@pytest.fixture
async def model() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer().serve() as server:
        yield server


@pytest.fixture
async def server(tmp_path: Path, model: OpenAIServer) -> AsyncIterator[Api]:
    settings = {"openai_base_url": model.url, "openai_api_key": KEY, "model": MODEL}
    async with serving(tmp_path / "home", with_worker=False, **settings) as api:
        yield api


async def talk(api: Api, *lines: str) -> tuple[str, Typist]:
    screen, typist = io.StringIO(), Typist(list(lines))
    await Terminal(api.client, Console(file=screen, width=120), typist).run()
    return screen.getvalue(), typist


async def test_form_takes_the_secret_hidden_and_past_the_chat(server: Api, model: OpenAIServer) -> None:
    model.script = [Turn(calls=[("create_webhook", {"name": "CRM"})]), Turn("CRM is live now.")]
    lines = ("set up a webhook", "http://127.0.0.1:9/in", "X-Token", SECRET)
    screen, typist = await talk(server, *lines, "/quit")
    assert "CRM is live now." in screen
    assert len(typist.hidden) == 1
    assert SECRET not in screen
    assert SECRET not in str(model.requests)
    [webhook] = (await server.get("/v1/webhooks"))["items"]
    assert webhook["url"] == "http://127.0.0.1:9/in"
    assert webhook["auth_header"] == {"name": "X-Token", "set": True}


async def test_refused_url_is_explained_and_asked_again(server: Api, model: OpenAIServer) -> None:
    model.script = [Turn(calls=[("create_webhook", {})]), Turn("The form was closed.")]
    screen, _ = await talk(server, "set up a webhook", "ftp://example.com", "", "")
    assert "url" in screen
    assert "The form was closed." in screen
    assert (await server.get("/v1/webhooks"))["total"] == 0


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("n", 1), ("", 1), ("perhaps", 1)])
async def test_approval_shows_the_diff_and_takes_y_or_n(
    server: Api, model: OpenAIServer, answer: str, left: int
) -> None:
    webhook = await server.webhook("http://127.0.0.1:9/in")
    model.script = [Turn(calls=[("delete_webhook", {"webhook_id": webhook["id"]})]), Turn("That is settled.")]
    screen, _ = await talk(server, "delete it", answer)
    assert "Delete" in screen
    assert "http://127.0.0.1:9/in" in screen
    assert (await server.get("/v1/webhooks"))["total"] == left


async def test_end_of_input_in_a_form_cancels_it(server: Api, model: OpenAIServer) -> None:
    model.script = [Turn(calls=[("create_webhook", {})]), Turn("The form was closed.")]
    screen, _ = await talk(server, "set up a webhook", "https://example.com/in")
    assert "The form was closed." in screen
    assert (await server.get("/v1/webhooks"))["total"] == 0


LEAVING = ["/quit", "quit", "exit", " EXIT ", "/q"]
FORM = ("http://127.0.0.1:9/in", "X-Token")


@pytest.mark.parametrize("word", LEAVING)
@pytest.mark.parametrize("answered", [0, 1, 2])
async def test_leaving_leaves_every_question_of_a_form(
    server: Api, model: OpenAIServer, word: str, answered: int
) -> None:
    model.script = [Turn(calls=[("create_webhook", {})]), Turn("The form was closed.")]
    screen, typist = await talk(server, "set up a webhook", *FORM[:answered], word, "hello")
    assert "The form was closed." in screen
    assert typist.lines == ["hello"]
    assert (await server.get("/v1/webhooks"))["total"] == 0


@pytest.mark.parametrize("word", LEAVING)
async def test_leaving_an_approval_declines_it(server: Api, model: OpenAIServer, word: str) -> None:
    webhook = await server.webhook("http://127.0.0.1:9/in")
    model.script = [Turn(calls=[("delete_webhook", {"webhook_id": webhook["id"]})]), Turn("That is settled.")]
    _, typist = await talk(server, "delete it", word, "hello")
    assert typist.lines == ["hello"]
    assert (await server.get("/v1/webhooks"))["total"] == 1


async def test_end_of_input_leaves_a_form_and_the_conversation(server: Api, model: OpenAIServer) -> None:
    model.script = [Turn(calls=[("create_webhook", {})]), Turn("The form was closed.")]
    _, typist = await talk(server, "set up a webhook")
    assert [prompt.strip() for prompt in typist.asked] == ["you>", "URL:"]


async def test_ctrl_c_closes_a_form_and_the_conversation_goes_on(server: Api, model: OpenAIServer) -> None:
    model.script = [Turn(calls=[("create_webhook", {})]), Turn("The form was closed."), Turn("Hello to you.")]
    screen, _ = await talk(server, "set up a webhook", CTRL_C, "hello")
    assert "Hello to you." in screen


@pytest.mark.parametrize("word", LEAVING)
async def test_leaving_the_conversation(server: Api, model: OpenAIServer, word: str) -> None:
    await talk(server, word)
    assert model.requests == []


async def test_each_field_is_checked_as_it_is_entered(server: Api, model: OpenAIServer) -> None:
    model.script = [Turn(calls=[("create_webhook", {})]), Turn("CRM is live now.")]
    wrong = ("example.com/in", "https://user:pw@example.com/", "http://127.0.0.1:9/in")
    headers = ("X Token", "Host", "X-Token", " planted-77 ", SECRET)
    screen, typist = await talk(server, "set up a webhook", *wrong, *headers)
    name, value = "Auth header name [none]: ", "Auth header value, hidden: "
    assert typist.asked[1:-1] == ["URL: "] * 3 + [name] * 3 + [value] * 2
    for why in ("must start with https://", "contains credentials", "without spaces", "is set by the HTTP connection"):
        assert why in screen
    assert "must not begin or end with a space" in screen
    assert "planted" not in screen
    [webhook] = (await server.get("/v1/webhooks"))["items"]
    assert webhook["auth_header"] == {"name": "X-Token", "set": True}


async def test_approval_shows_filters_in_words(server: Api, model: OpenAIServer) -> None:
    webhook = await server.webhook("http://127.0.0.1:9/in", trust_score={"min": 70})
    wider = {"webhook_id": webhook["id"], "min": 5}
    model.script = [Turn(calls=[("set_trust_filter", wider)]), Turn("That is settled.")]
    screen, _ = await talk(server, "from 5", "n")
    assert "at least 70" in screen
    assert "at least 5 " in screen


async def test_ctrl_c_leaves_at_once_and_without_a_trace(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *HOOKWRIGHT,
        *("chat", "--url", "http://127.0.0.1:9", "--key", "unused"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"HOOKWRIGHT_HOME": str(tmp_path)},
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        seen = await process.stdout.readuntil(b"you> ")
        process.send_signal(signal.SIGINT)
        seen += await process.stdout.read()
    assert b"Traceback" not in seen
    assert await process.wait() == 0


def test_streamed_text_breaks_between_words() -> None:
    screen = io.StringIO()
    flow = Flow(Console(file=screen, width=20, force_terminal=True, color_system=None))
    for piece in ("The answer is ve", "ry long, and a URL:\n", "https://example.com/hooks?a=1", " stays\nwhole"):
        flow.add(piece)
    flow.end()
    assert screen.getvalue() == "The answer is very \nlong, and a URL:\nhttps://example.com/hooks?a=1\nstays\nwhole\n"


def test_streamed_text_keeps_its_spaces_in_a_pipe() -> None:
    screen = io.StringIO()
    flow = Flow(Console(file=screen, width=20, force_terminal=False))
    flow.add("The answer is longer than twenty columns.\nIt stays as it is")
    flow.end()
    assert screen.getvalue() == "The answer is longer than twenty columns.\nIt stays as it is\n"


async def test_edit_form_keeps_what_is_left_empty(server: Api, model: OpenAIServer) -> None:
    header = {"name": "X-Token", "value": SECRET}
    webhook = await server.webhook("http://127.0.0.1:9/in", auth_header=header)
    model.script = [Turn(calls=[("edit_endpoint", {"webhook_id": webhook["id"]})]), Turn("It has its new address.")]
    await talk(server, "change the url", "http://127.0.0.1:9/new", "", "")
    after = await server.get(f"/v1/webhooks/{webhook['id']}")
    assert after["url"] == "http://127.0.0.1:9/new"
    assert after["auth_header"] == {"name": "X-Token", "set": True}


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("change the auth header of CRM", "Auth header name"),
        ("add a header to CRM", "Auth header name"),
        ("use Authorization: Bearer planted-76", "Auth header name"),
        ("edit the URL or auth header of CRM", "URL"),
        ("change the url", "URL"),
        ("edit CRM", "URL"),
    ],
)
async def test_edit_form_begins_with_what_was_spoken_of(
    server: Api, model: OpenAIServer, said: str, first: str
) -> None:
    webhook = await server.webhook("http://127.0.0.1:9/in")
    model.script = [Turn(calls=[("edit_endpoint", {"webhook_id": webhook["id"]})]), Turn("It is saved.")]
    answers = {"Auth header name": ["X-Token", SECRET, ""], "URL": ["", "X-Token", SECRET]}[first]
    _, typist = await talk(server, said, *answers)
    assert typist.asked[1].startswith(first)
    after = await server.get(f"/v1/webhooks/{webhook['id']}")
    assert (after["url"], after["auth_header"]["name"]) == ("http://127.0.0.1:9/in", "X-Token")


async def test_suggestion_is_chosen_by_its_number(server: Api, model: OpenAIServer) -> None:
    webhook = await server.webhook("http://127.0.0.1:9/in")
    model.script = [
        Turn(calls=[("set_enabled", {"webhook_id": webhook["id"], "enabled": False})]),
        Turn("CRM sync is off now."),
        Turn("Which change?"),
    ]
    screen, _ = await talk(server, "disable it", "2")
    assert "2. Undo that" in screen
    assert model.requests[-1]["messages"][-1]["content"] == "Undo that"


async def test_failing_model_is_told_and_the_conversation_goes_on(server: Api, model: OpenAIServer) -> None:
    model.script = [Turn(status=500), Turn(status=500), Turn("Here I am.")]
    screen, _ = await talk(server, "hello", "again")
    assert "HTTP 500" in screen
    assert "Here I am." in screen


async def test_no_server_is_a_plain_sentence() -> None:
    async with httpx2.AsyncClient(base_url="http://127.0.0.1:9") as client:
        terminal = Terminal(client, Console(file=io.StringIO()), Typist(["hello"]))
        with pytest.raises(Unavailable, match="hookwright serve"):
            await terminal.run()


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    assert clean("a\x1b[2Jb\x07\x9b31m\u202ec\n") == "a[2Jb31mc\n"


async def test_secret_is_typed_hidden_and_goes_to_the_vault(server: Api, model: OpenAIServer) -> None:
    asked = {"name": "erp_token", "hosts": ["erp.example.com"]}
    model.script = [Turn(calls=[("set_secret", asked)]), Turn("The secret is stored.")]
    lines = ("the token", SECRET, "https://erp.example.com/", "erp.example.com, *.example.org")
    screen, typist = await talk(server, *lines, "/quit")
    assert "without scheme and path" in screen
    assert len(typist.hidden) == 1
    assert SECRET not in screen
    assert SECRET not in str(model.requests)
    [stored] = (await server.get("/v1/secrets"))["items"]
    assert stored["hosts"] == ["*.example.org", "erp.example.com"]


async def test_secret_keeps_its_hosts_when_none_are_typed_and_no_value_cancels(
    server: Api, model: OpenAIServer
) -> None:
    asked = {"name": "erp_token", "hosts": ["erp.example.com"]}
    model.script = [Turn(calls=[("set_secret", asked)]), Turn("Nothing is stored.")]
    screen, _ = await talk(server, "the token", "")
    assert "Nothing is stored." in screen
    assert (await server.get("/v1/secrets"))["items"] == []
    model.script = [Turn(calls=[("set_secret", asked)]), Turn("The secret is stored.")]
    await talk(server, "the token", SECRET, "")
    assert [item["hosts"] for item in (await server.get("/v1/secrets"))["items"]] == [["erp.example.com"]]
