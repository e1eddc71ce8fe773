"""Credentials that people type into a chat: hidden before anything stores the message or a model reads it."""

import re
from typing import Final

HIDDEN: Final = "[hidden]"

_NAMES = r"(?:authori[sz]ation|[\w-]{0,64}(?:token|secret|api[-_ ]?key|password|passwd|credential|cookie)s?)"
_KNOWN = (
    r"(?:sk|pk|rk)[-_][\w-]{8,}|whsec_[\w+/=-]+|gh[pousr]_\w{8,}|github_pat_\w+|xox[a-z]-[\w-]+"
    r"|eyJ[\w-]{10,}[\w.-]*|AKIA\w{12,}|hwk_[\w-]{8,}"
)
_SCHEME = r"(?:(?:Bearer|Basic|Token)\s+)?"
_NAMED = rf"\b{_NAMES}[\"']?\s*[:=]\s*"
# `curl -u joe:password`, `--cookie session=…`, `--oauth2-bearer …`
_LOGIN = r"(?:^|(?<=\s))(?:-u\s*|--(?:proxy-)?user(?:\s+|=))"
_OPTION = r"(?:^|(?<=\s))(?:-b\s*|--(?:cookie|oauth2-bearer)(?:\s+|=))"
_PLAIN = r"[^\s,;]+?(?=[\"']{0,3}(?:[\s,;]|$))"  # a quote at its end belongs to what stands around it
_TEXTS = (
    *(rf"{_NAMED}{quote}{_SCHEME})(?:[^{quote}\n]+(?={quote})" for quote in "\"'"),
    rf"[?&]{_NAMES}=)(?:[^&#\s,;\"']+",
    rf"{_NAMED}(?![\"']?{_SCHEME}\[hidden\]){_SCHEME})(?:{_PLAIN}",
    *(rf"{_LOGIN}{quote}[^:{quote}\s]+:)(?:[^{quote}\n]+(?={quote})" for quote in "\"'"),
    *(rf"{_OPTION}{quote})(?:[^{quote}\n]+(?={quote})" for quote in "\"'"),
    rf"{_LOGIN}[^:\"'\s]+:)(?:\S+",
    rf"{_OPTION})(?:[^\s\"']\S*",
    r"\b(?:Bearer|Basic)\s+)(?:(?=\S*\d|\S{16})[^\s,;\"']{6,}",
    r"\b(?:password|secret|token|api[- ]?key)\s+(?:is|to|as)\s+)(?:(?=\S*\d)[^\s,;]{6,}",
    r"\b[a-z][a-z0-9+.-]{0,30}://)(?:[^\s/@]+(?=@)",
)
_VARIABLE: Final = re.compile(r"\$(?:\{(?=[^}]*\}))?(?:[A-Z][A-Z0-9_]*|[a-z]+(?:_[a-z0-9]+)+)\}?")
_PATTERNS: Final = (
    *(re.compile(f"(?P<kept>{text})", re.IGNORECASE) for text in _TEXTS),
    re.compile(rf"(?P<kept>\b)(?:{_KNOWN})"),
)


def hide_secrets(message: str) -> str:
    """Replace what looks like a credential by `[hidden]`: header values, bearer tokens, known key formats, URL logins.

    It errs on the side of hiding; the names around a value are kept, so that the wish stays understandable, and so is
    what is plainly the name of a variable (`$erp_token`, `$TOKEN`) in place of the value.
    """
    for pattern in _PATTERNS:
        message = pattern.sub(_hide, message)
    return message


def _hide(found: re.Match[str]) -> str:
    kept, value = found["kept"], found[0].removeprefix(found["kept"])
    return found[0] if _VARIABLE.fullmatch(value) else f"{kept}{HIDDEN}"
