"""`hookwright listen` judges every signature that this server makes, in a process of its own."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.processes import HOOKWRIGHT, environment
from tests.serving import Api

SECRET = "a secret that both sides know"


class Listener:
    """A running `hookwright listen`, and what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.url = ""

    async def line(self, start: str) -> str:
        """Read on until a line starts with a text, and return it."""
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while line := (await self._process.stdout.readline()).decode():
                if line.startswith(start):
                    return line.strip()
        raise AssertionError(f"it ended before it said {start!r}")

    async def verdict(self) -> str:
        return (await self.line("● ")).removeprefix("● ")


@asynccontextmanager
async def listening(home: Path, *options: str) -> AsyncIterator[Listener]:
    """Run `hookwright listen` until the block ends."""
    environ = environment(home, 0, "hwk_unused_by_the_listener", COLUMNS="200")
    process = await asyncio.create_subprocess_exec(
        *HOOKWRIGHT, "listen", "--port", "0", *options, env=environ, cwd=home, stdout=asyncio.subprocess.PIPE
    )
    try:
        listener = Listener(process)
        found = re.search(r"http://[\d.]+:\d+", await listener.line("Listening on "))
        assert found is not None
        listener.url = found[0]
        yield listener
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def point(api: Api, webhook: dict[str, Any], url: str) -> None:
    """Let a webhook deliver to a listener."""
    await api.patch(f"/v1/webhooks/{webhook['id']}", {"url": url})
    await api.event()


@pytest.mark.parametrize("signing", ["v1a", "both"])
async def test_x04_listen_verifies_v1a_with_the_server_s_key_set(api: Api, tmp_path: Path, signing: str):
    webhook = await api.webhook("http://127.0.0.1:9/", signing=signing)
    async with listening(tmp_path, "--jwks", f"{api.url}/jwks/{webhook['id']}") as listener:
        await point(api, webhook, listener.url)
        assert await listener.verdict() == "the v1a signature is valid → 200  /"


async def test_x04_listen_learns_of_a_key_that_replaced_another(api: Api, tmp_path: Path):
    webhook = await api.webhook("http://127.0.0.1:9/", signing="v1a")
    async with listening(tmp_path, "--jwks", f"{api.url}/jwks/{webhook['id']}") as listener:
        await point(api, webhook, listener.url)
        assert "is valid" in await listener.verdict()
        await api.post(f"/v1/webhooks/{webhook['id']}/rotate-secret", {"overlap_seconds": 0})
        await api.event()
        assert "is valid" in await listener.verdict()


async def test_x04_listen_verifies_v1a_with_a_given_key(api: Api, tmp_path: Path):
    webhook = await api.webhook("http://127.0.0.1:9/", signing="v1a")
    async with listening(tmp_path, "--public-key", webhook["public_key"]) as listener:
        await point(api, webhook, listener.url)
        assert "the v1a signature is valid → 200" in await listener.verdict()


async def test_x04_listen_refuses_a_stranger_s_key(api: Api, tmp_path: Path):
    webhook = await api.webhook("http://127.0.0.1:9/", signing="v1a", retry={"max_retries": 0})
    stranger = await api.webhook("http://127.0.0.1:9/", signing="v1a", enabled=False)
    async with listening(tmp_path, "--public-key", stranger["public_key"]) as listener:
        await point(api, webhook, listener.url)
        assert await listener.verdict() == "the v1a signature does not match → 401  /"


async def test_b05_listen_verifies_a_hex_signature_in_a_header_of_another_name(api: Api, tmp_path: Path):
    webhook = await api.webhook(
        "http://127.0.0.1:9/", profile="perspection", secret=SECRET, signature_header="X-Shop-Signature"
    )
    async with listening(tmp_path, "--secret", SECRET, "--signature-header", "X-Shop-Signature") as listener:
        await point(api, webhook, listener.url)
        assert await listener.verdict() == "the hex signature is valid → 200  /"


async def test_listen_says_which_key_is_missing(api: Api, tmp_path: Path):
    webhook = await api.webhook("http://127.0.0.1:9/", signing="v1a", retry={"max_retries": 0})
    async with listening(tmp_path, "--secret", "whsec_" + "A" * 44) as listener:
        await point(api, webhook, listener.url)
        assert await listener.verdict() == "a v1a signature needs --jwks or --public-key → 401  /"


async def test_listen_goes_on_when_the_key_set_cannot_be_had(api: Api, tmp_path: Path):
    webhook = await api.webhook("http://127.0.0.1:9/", signing="v1a", retry={"max_retries": 0})
    async with listening(tmp_path, "--jwks", f"{api.url}/jwks/unknown") as listener:
        await point(api, webhook, listener.url)
        assert "the key set cannot be read" in await listener.verdict()


async def test_listen_calls_a_probe_a_probe(api: Api, tmp_path: Path):
    webhook = await api.webhook("http://127.0.0.1:9/", signing="v1", retry={"max_retries": 0})
    async with listening(tmp_path, "--secret", webhook["secret"]) as listener:
        await api.patch(f"/v1/webhooks/{webhook['id']}", {"url": listener.url})
        await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis", probe="true")
        assert await listener.verdict() == "a probe of the diagnosis, no delivery → 200  /"
        await api.event()
        assert await listener.verdict() == "the signature is valid → 200  /"


async def test_listen_says_what_a_secret_that_is_any_text_can_verify(tmp_path: Path):
    async with listening(tmp_path, "--secret", "planted text") as listener:
        told = await listener.line("The secret is ")
    assert told == "The secret is no `whsec_…`: it verifies hex signatures, in x-perspection-signature, and no others."


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "it is empty"),
        ("whsec_planted%%%", "must be standard base64"),
        ("whsec_cGxhbnRlZA==", "holds 24 to 64 bytes"),
        ("whpk_planted", "--public-key"),
    ],
)
async def test_listen_refuses_what_is_no_secret_and_never_repeats_it(tmp_path: Path, secret: str, why: str):
    process = await asyncio.create_subprocess_exec(
        *(*HOOKWRIGHT, "listen", "--port", "0", "--secret", secret),
        env=environment(tmp_path, 0, "hwk_unused_by_the_listener"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, said = await process.communicate()
    assert process.returncode == 2
    assert said.decode().startswith("error: --secret: ")
    assert why in said.decode()
    assert b"planted" not in said + printed


async def test_listen_refuses_what_is_no_public_key(tmp_path: Path):
    process = await asyncio.create_subprocess_exec(
        *(*HOOKWRIGHT, "listen", "--port", "0", "--public-key", "whpk_short"),
        env=environment(tmp_path, 0, "hwk_unused_by_the_listener"),
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert said.decode().startswith("error: ")
    assert "whpk_" in said.decode()
