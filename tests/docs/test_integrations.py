"""What docs/integrations.md shows is run as it stands: the encoding table row by row, the example, the limits."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from integrations.checks import check_trigger
from rules.errors import InvalidInput
from rules.integration_spec import TriggerDraft
from rules.request_template import NO_BODY, compile_request, render
from rules.validation import parse
from rules.variables import Scope

TEXT = (Path(__file__).parents[2] / "docs/integrations.md").read_text()
ROWS = re.findall(r"^\| (\w[\w ]*) \| `(.+)` \| (?:`(.+)` )?\| (?:`(.+)`|refused) \|$", TEXT, re.MULTILINE)
FORM = [("Content-Type", "application/x-www-form-urlencoded")]


def sent(where: str, template: str, value: str) -> str:
    scope = Scope({}, {}, {}, {"x": json.loads(value)} if value else {}, frozenset({"x"}))
    request: dict[str, Any] = {"method": "POST", "url": "https://example.com/", "headers": [], "body": NO_BODY}
    if where in {"path", "query"}:
        request["url"] = f"https://example.com{template}"
    elif where == "header":
        request["headers"] = [("Authorization", template)]
    else:
        request |= {"body": template, "headers": FORM if where == "form" else []}
    rendered = render(compile_request(**request), scope)
    if where in {"path", "query"}:
        return rendered.url.removeprefix("https://example.com")
    return rendered.headers["Authorization"] if where == "header" else (rendered.body or b"").decode()


def test_the_table_is_found_whole():
    assert len(ROWS) == TEXT.count("\n| path |") + TEXT.count("\n| query |") + TEXT.count("\n| header |") + sum(
        TEXT.count(f"\n| {where} |") for where in ("JSON string", "JSON value", "JSON key", "form", "text")
    )
    assert len(ROWS) > 20


@pytest.mark.parametrize(("where", "template", "value", "expected"), ROWS)
def test_a_value_is_sent_as_the_table_says(where: str, template: str, value: str, expected: str):
    if expected:
        assert sent(where, template, value) == expected
    else:
        with pytest.raises(InvalidInput):
            sent(where, template, value)


def test_the_example_can_be_saved():
    [example] = re.findall(r"^```json\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    draft = parse(TriggerDraft, json.loads(example))
    check_trigger(draft.parameters, draft.integration, {"erp_token": ["erp.company.com"]})
    with pytest.raises(InvalidInput, match="erp_token"):
        check_trigger(draft.parameters, draft.integration, {"erp_token": ["other.company.com"]})
