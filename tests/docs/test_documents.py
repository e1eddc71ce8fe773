"""What the documents show is run as it stands."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from server.cli import app
from server.receiver import Receiver
from server.settings import Settings
from tests.serving import Api

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE)


async def run_readme_program(api: Api, **environ: str) -> tuple[int | None, str, str]:
    """Run it with the server's URL and key and what else is given; return its exit code, output and errors."""
    (program,) = blocks("README.md", "python")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        env={**os.environ, "HOOKWRIGHT_URL": api.url, "HOOKWRIGHT_API_KEY": api.key, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"ENDPOINT_URL": "localhost:9000"}, "422: .*This is not a complete URL"),
        ({"HOOKWRIGHT_API_KEY": "hwk_wrong", "ENDPOINT_URL": "http://127.0.0.1:9/"}, "401: .*key"),
    ],
)
async def test_the_readme_program_says_what_the_server_refused(api: Api, environ: dict[str, str], said: str) -> None:
    code, _, errors = await run_readme_program(api, **environ)
    assert code == 1
    assert re.match(said, errors), errors
    assert "Traceback" not in errors


async def test_the_readme_program_runs_as_printed(api: Api, receiver: Receiver, endpoint: str) -> None:
    code, output, _ = await run_readme_program(api, ENDPOINT_URL=endpoint)
    assert code == 0
    assert "'duplicate': False, 'deliveries': 1" in output
    assert "'duplicate': True, 'deliveries': 0" in output
    assert "False `properties.value`" in output
    assert (await receiver.wait_for(1)).json["data"]["properties"]["value"] == 150


def test_every_command_that_is_named_exists() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = {
        command
        for document in DOCUMENTS
        for command in re.findall(r"(?:`|bin/)hookwright ([a-z][a-z-]+)", document.read_text())
    }
    assert named
    assert named <= known


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    for name in Settings.model_fields:
        variable = name.upper() if name.startswith("openai") else f"HOOKWRIGHT_{name.upper()}"
        assert f"`{variable}`" in text, variable


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target
