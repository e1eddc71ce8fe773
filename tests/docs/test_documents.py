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


async def test_the_readme_program_runs_as_printed(api: Api, receiver: Receiver, endpoint: str) -> None:
    (program,) = blocks("README.md", "python")
    environ = {
        **os.environ,
        "HOOKWRIGHT_URL": api.url,
        "HOOKWRIGHT_API_KEY": api.key,
        "ENDPOINT_URL": endpoint,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env=environ, stdout=asyncio.subprocess.PIPE
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0
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
