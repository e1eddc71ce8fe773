"""Prints what rendering one integration request takes, and how it grows up to a body of 1 MB.

    python bench/render.py [--rounds 7] [--repeat 2000]

The request is a POST with ten variables: two in URL and headers, eight in a JSON body of 1 KB. It is compiled before,
as it is when a trigger is saved. `string.Template` and Jinja2 fill the eight into the same body, also compiled before.
They encode nothing, check nothing, and write neither URL, headers nor a masked copy for the log: they show what bare
substitution costs. With the values used here, which hold quotes and line breaks, what they produce is not even JSON.
All times are processor time, which a busy machine disturbs less.
"""

import argparse
import json
import statistics
import string
import time
from collections.abc import Callable
from typing import Any

import jinja2

from bench.figures import Figure, tell
from rules.request_template import compile_request, render
from rules.variables import Scope

GOAL = 100
SIZES = (1, 10, 100, 1000)
NAMES = ("issue_title", "issue_description", "priority", "customer_name", "customer_email", "plan", "city", "quantity")
SCOPE = Scope(
    system={"session.id": "6f7a3c1e-0b5d-4c8e-9c63-2a1f0e9d8b7c", "images": ["https://i.example/1.png"]},
    secrets={"helpdesk_api_key": "key-0123456789abcdef"},
    client_data={"customer_name": "Ana “A” Müller", "customer_email": "ana@example.com", "plan": "enterprise"},
    arguments={
        "issue_title": 'The page says "no"',
        "issue_description": "It happened twice:\n1. at login\n2. at checkout\n" * 3,
        "priority": "high",
        "city": "São Paulo",
        "quantity": 3,
    },
)


def _body(size: int) -> str:
    """Return a JSON template whose eight variables stand as texts, filled up to `size` characters."""
    fields: dict[str, Any] = {name: f"${name}" for name in NAMES}
    fields["text"] = ""
    missing = size - len(json.dumps(fields, indent=1))
    return json.dumps(fields | {"text": ("Please answer within a day. " * (missing // 28 + 1))[:missing]}, indent=1)


def _request(body: str) -> Callable[[], object]:
    template = compile_request(
        method="POST",
        url="https://helpdesk.example.com/api/tickets?session=$session.id",
        headers=[("Authorization", "Bearer $helpdesk_api_key"), ("Content-Type", "application/json")],
        body=body,
    )
    return lambda: render(template, SCOPE)


def _values() -> dict[str, Any]:
    return {**SCOPE.client_data, **SCOPE.arguments}


def _string_template(body: str) -> Callable[[], object]:
    template, values = string.Template(body), _values()
    return lambda: template.substitute(values)


def _jinja(body: str) -> Callable[[], object]:
    for name in NAMES:
        body = body.replace(f"${name}", f"{{{{ {name} }}}}")
    template = jinja2.Template(body, autoescape=False)
    values = _values()
    return lambda: template.render(values)


def _growing(kilobytes: int) -> Callable[[], object]:
    """Return the rendering of a body of about so many KB: half one long text, half a list of small objects."""
    template = compile_request(
        method="POST", url="https://a.example/", headers=[], body='{"text": "$text", "items": $items}'
    )
    text = ('Line "one"\n' * (kilobytes * 40))[: kilobytes * 430]
    items = [{"id": number, "name": "naïve", "on": True} for number in range(kilobytes * 11)]
    return lambda: render(template, Scope({}, {}, {"text": text, "items": items}, {}))


def _microseconds(act: Callable[[], object], repeat: int) -> float:
    started = time.process_time()
    for _ in range(repeat):
        act()
    return (time.process_time() - started) / repeat * 1e6


def _rounds(acts: dict[str, Callable[[], object]], rounds: int, repeat: int) -> dict[str, list[float]]:
    """Measure all of them in each round, so that a noisy minute meets every one of them."""
    samples: dict[str, list[float]] = {name: [] for name in acts}
    for act in acts.values():
        _microseconds(act, repeat // 10 + 1)
    for _ in range(rounds):
        for name, act in acts.items():
            samples[name].append(_microseconds(act, repeat))
    return samples


def _print_request(rounds: int, repeat: int) -> float:
    """Print what a request costs beside bare substitution; returns our median, in microseconds."""
    body = _body(1024)
    acts = {"rendered request": _request(body), "string.Template": _string_template(body), "Jinja2": _jinja(body)}
    samples = _rounds(acts, rounds, repeat)
    ours = statistics.median(samples["rendered request"])
    print(f"POST with 10 variables, template body {len(body)} bytes, median of {rounds} rounds of {repeat}")
    for name, values in samples.items():
        median = statistics.median(values)
        what = "" if name == "rendered request" else f"   ours takes {ours / median:.1f} × (no encoding, body only)"
        print(f"{name:<17} {median:6.1f} µs (rounds {min(values):.1f} to {max(values):.1f}){what}")
    return ours


def _print_growth(rounds: int, repeat: int) -> None:
    print("growth with the rendered body")
    for kilobytes in SIZES:
        act = _growing(kilobytes)
        rendered: Any = act()
        size = len(rendered.body) / 1000
        runs = [_microseconds(act, max(repeat // kilobytes, 3)) for _ in range(rounds)]
        median = statistics.median(runs)
        print(f"{size:7.1f} KB {median:10.1f} µs {median / size:7.2f} µs/KB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeat", type=int, default=2000, help="renderings per round, at 1 KB")
    parser.add_argument("--json", action="store_true", help="print the figure as JSON in the last line")
    options = parser.parse_args()
    ours = _print_request(options.rounds, options.repeat)
    _print_growth(options.rounds, options.repeat // 2)
    what = "render one integration request (10 variables, 1 KB body)"
    tell([Figure(what, f"< {GOAL} µs", f"{ours:.1f} µs", met=ours < GOAL)], as_json=options.json)


if __name__ == "__main__":
    main()
