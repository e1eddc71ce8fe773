"""The functions of docs/verify.md judge real deliveries, in each language that is on this machine.

Python and Node are always run: where there is no `node` on the path, the one that comes with Playwright is used.
Go, Ruby and PHP are run where they are installed; their absence fails nothing, and the tests' names say what was run.
"""

import asyncio
import base64
import json
import re
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import playwright
import pytest

from rules.signature import decode_secret, sign_v1, sign_v1a
from rules.signing_keys import generate_key, private_key, public_key
from server.receiver import Received
from tests.serving import Api, Receiver

DRIVERS = Path(__file__).parent / "drivers"
DOCUMENT = (Path(__file__).parent.parent.parent / "docs/verify.md").read_text()
PLAYWRIGHT_NODE = Path(playwright.__file__).parent / "driver/node"
LANGUAGES = ["python", "node", *(name for name in ("go", "ruby", "php") if shutil.which(name))]
STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Case(NamedTuple):
    """One question to a verification function, and what it ought to answer; `given` is headers, or a hex signature."""

    why: str
    scheme: str
    keys: Sequence[str]
    given: Any
    body: bytes
    genuine: bool


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


async def standard_cases(api: Api, receiver: Receiver, endpoint: str) -> list[Case]:
    """Deliver while a secret and a key are being replaced, and ask about every way to get it wrong."""
    first = await api.webhook(endpoint, signing="both")
    second = await api.post(f"/v1/webhooks/{first['id']}/rotate-secret", {"overlap_seconds": 3600})
    await api.event("order.created", {"text": "Grüße 🎉\r\n\u2028"})
    received = await receiver.wait_for(1)
    stranger = await api.webhook("http://127.0.0.1:9/", signing="both")
    found = []
    for scheme, field in (("v1", "secret"), ("v1a", "public_key")):
        old, new, other = first[field], second[field], stranger[field]
        found += list(judged(scheme, (old, new, other), received))
    return [*found, *stale()]


def judged(scheme: str, keys: tuple[str, str, str], received: Received) -> list[Case]:
    old, new, other = keys
    sent, body = {name: received.headers[name] for name in STANDARD}, received.body

    def refused(why: str, **changed: str) -> Case:
        return Case(f"{scheme}: {why}", scheme, [old, new], sent | changed, body, genuine=False)

    bare = sent["webhook-signature"].split()
    return [
        Case(f"{scheme}: the old key", scheme, [old], sent, body, genuine=True),
        Case(f"{scheme}: the new key", scheme, [new], sent, body, genuine=True),
        Case(f"{scheme}: a stranger's key beside it", scheme, [other, new], sent, body, genuine=True),
        Case(f"{scheme}: a stranger's key", scheme, [other], sent, body, genuine=False),
        Case(f"{scheme}: no key", scheme, [], sent, body, genuine=False),
        Case(f"{scheme}: another body", scheme, [old, new], sent, body + b" ", genuine=False),
        Case(f"{scheme}: no body", scheme, [old, new], sent, b"", genuine=False),
        Case(f"{scheme}: no headers", scheme, [old, new], {}, body, genuine=False),
        refused("another id", **{"webhook-id": "evt_other"}),
        refused("another time", **{"webhook-timestamp": str(int(sent["webhook-timestamp"]) - 1)}),
        *(refused(f"time {time_!r}", **{"webhook-timestamp": time_}) for time_ in ("", "soon", "-5", "1e9", "9" * 40)),
        *(refused(f"signature {value!r}", **{"webhook-signature": value}) for value in GARBAGE),
        refused("other versions", **{"webhook-signature": " ".join("v2," + part.partition(",")[2] for part in bare)}),
        refused("swapped versions", **{"webhook-signature": " ".join(map(swapped, bare))}),
    ]


GARBAGE = ("", " ", "v1", "v1,", "v1a,", "v1,x v1a,x", "v1,é", "v1a,AAAA", "v1a," + "A" * 86 + "==", ",")


def swapped(part: str) -> str:
    version, _, signature = part.partition(",")
    return f"{'v1a' if version == 'v1' else 'v1'},{signature}"


def stale() -> list[Case]:
    """Make what is signed in order, but at the wrong time."""
    secret, key, body = "whsec_" + "QUJD" * 10, generate_key(), b'{"a":1}'
    public = public_key(key)
    found = []
    for age in (-330, -250, 0, 250, 330):
        at = int(time.time()) - age
        sent = {"webhook-id": "evt_1", "webhook-timestamp": str(at)}
        v1 = sent | {"webhook-signature": sign_v1([decode_secret(secret)], "evt_1", at, body)}
        v1a = sent | {"webhook-signature": sign_v1a([private_key(key)], "evt_1", at, body)}
        found += [
            Case(f"v1: {age} s old", "v1", [secret], v1, body, genuine=abs(age) < 300),
            Case(f"v1a: {age} s old", "v1a", [public], v1a, body, genuine=abs(age) < 300),
        ]
    return found


async def hex_cases(api: Api, receiver: Receiver, endpoint: str) -> list[Case]:
    secret = "planted sécret"
    hexed = await api.webhook(endpoint, profile="perspection", secret=secret, signature_header="X-Shop-Signature")
    await api.post(f"/v1/webhooks/{hexed['id']}/test")
    received = receiver.received[-1]
    signature, body = received.headers["x-shop-signature"], received.body
    wrong = ("", "x", signature[:-1], signature + "00", signature[:-1] + "é", "sha256=" + signature)
    return [
        Case("hex: the secret", "hex", [secret], signature, body, genuine=True),
        Case("hex: either secret", "hex", ["another one", secret], signature, body, genuine=True),
        Case("hex: another secret", "hex", ["another one"], signature, body, genuine=False),
        Case("hex: no secret", "hex", [], signature, body, genuine=False),
        Case("hex: another body", "hex", [secret], signature, body + b" ", genuine=False),
        *(Case(f"hex: {value!r}", "hex", [secret], value, body, genuine=False) for value in wrong),
    ]


def in_python(cases: list[Case]) -> list[bool]:
    names: dict[str, Callable[..., bool]] = {}
    exec("\n".join(blocks("python")), names)
    return [names[f"verify_{case.scheme}"](case.keys, case.given, case.body) for case in cases]


def program(language: str, folder: Path) -> list[str]:
    """Write the functions to a file of their own and return the command that judges with them."""
    if language == "node":
        node = shutil.which("node") or str(PLAYWRIGHT_NODE)
        written = folder / "verify.mjs"
        written.write_text(blocks("js")[0])
        return [node, str(DRIVERS / "driver.mjs"), written.as_uri()]
    if language == "go":
        (folder / "verify.go").write_text(blocks("go")[0].replace("package webhooks", "package main"))
        shutil.copy(DRIVERS / "driver.go", folder)
        return ["go", "run", str(folder / "verify.go"), str(folder / "driver.go")]
    written = folder / f"verify.{'rb' if language == 'ruby' else 'php'}"
    written.write_text(blocks(language)[0])
    return [language, str(DRIVERS / f"driver{written.suffix}"), str(written)]


async def verdicts(language: str, cases: list[Case], folder: Path) -> list[bool]:
    if language == "python":
        return in_python(cases)
    questions = [case._asdict() | {"body": base64.b64encode(case.body).decode()} for case in cases]
    process = await asyncio.create_subprocess_exec(
        *program(language, folder), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(json.dumps(questions).encode())
    assert process.returncode == 0
    answers: list[bool] = json.loads(output)
    return answers


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_is_genuine_is_accepted_and_nothing_else(
    language: str, api: Api, receiver: Receiver, endpoint: str, tmp_path: Path
) -> None:
    cases = [*await standard_cases(api, receiver, endpoint), *await hex_cases(api, receiver, endpoint)]
    found = await verdicts(language, cases, tmp_path)
    wrong = [(case.why, verdict) for case, verdict in zip(cases, found, strict=True) if verdict is not case.genuine]
    assert wrong == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("python", ("hmac.compare_digest", "TOLERANCE_SECONDS = 300", "Ed25519PublicKey")),
        ("js", ("timingSafeEqual", "TOLERANCE_SECONDS = 300", "Ed25519")),
        ("go", ("hmac.Equal", "5 * time.Minute", "ed25519.Verify")),
        ("ruby", ("OpenSSL.secure_compare", "TOLERANCE_SECONDS = 300", "verify(nil")),
        ("php", ("hash_equals", "TOLERANCE_SECONDS = 300", "sodium_crypto_sign_verify_detached")),
    ],
)
def test_every_language_compares_in_constant_time_and_looks_at_the_clock(language: str, words: tuple[str, ...]) -> None:
    code = "\n".join(blocks(language))
    assert [word for word in words if word not in code] == []
