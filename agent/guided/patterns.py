"""Patterns: how the pieces of a message look, in the order in which they are tried."""

import re

_FIELD_ROOTS = (
    "properties|context|participant_metadata|structured_output|profile|meta|traits|payload|data|user|summary"
    "|contact|call|campaign|integration|body|event|metadata|answers|page|items"
)
_EVENT_ROOTS = "interview|call|contact|campaign|integration"
_EVENT_ENDS = "completed|partial|abandoned|started|failed|created|updated|deleted|paused|resumed|connected|disconnected"
_TLDS = (
    "com|net|org|io|dev|app|co|ai|eu|uk|de|fr|nl|us|ca|au|in|jp|ch|at|be|es|it|se|no|fi|dk|pl|br|me|tv|xyz|info|biz"
    "|cloud|tech|online|site|store|shop|sh|so|to|gg|test|example|local|internal|localhost|invalid|run|link|page"
)
_UNITS = (
    r"%|percent\b|ms\b|milliseconds?\b|msec\b|s\b|secs?\b|seconds?\b|k\b|usd\b|dollars?\b|bucks\b|eur\b|euros?\b|m\b"
    r"|mins?\b|minutes?\b|h\b|hrs?\b|hours?\b|d\b|days?\b|weeks?\b|months?\b|years?\b|x\b|times\b|st\b|nd\b|rd\b|th\b"
)
_PATH = r"(?::\d+)?(?:/[^\s\"'<>,;]*)?"
HIDDEN_NAME = r"(?:authori[sz]ation|auth|[\w-]*(?:token|secret|key|password|passwd|credential|cookie|signature)s?)"
HIDDEN_VALUE = (
    r"(?:sk|pk|rk)[-_][\w-]{4,}|whsec_\S+|gh[pousr]_\w+|github_pat_\w+|xox[a-z]-\S+"
    r"|eyJ[\w-]{10,}[\w.-]*|AKIA\w{12,}|hk_\w{8,}"
)
_HEADER = (
    rf"(?<![\w.])(?P<hname>{HIDDEN_NAME}|[A-Za-z]\w*(?:-\w+)+)\s*(?::(?!//)|=(?!=))\s*"
    r"(?P<hvalue>(?:(?:Bearer|Basic|Token)\s+)?(?:\"[^\"]*\"|[^\s,;]+))"
)
_HOST = rf"\b(?:[a-z0-9-]+\.)+(?:{_TLDS})\b{_PATH}|\blocalhost\b{_PATH}|\b\d+(?:\.\d+){{3}}{_PATH}"
_HIDDEN = (
    rf"\b(?:Bearer|Basic)\s+(?!token\b|auth\b|header\b)(?=\S*[\d\W_]|\S{{12}})[^\s,;]+"
    rf"|\b(?:{HIDDEN_VALUE})|\[hidden\]"
)

_PATTERNS = {
    "secret": _HIDDEN,
    "header": _HEADER,
    "quoted": r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|`[^`\n]+`|(?<!\w)['‘][^'’\n]+['’](?!\w)",
    "url": r"[a-zA-Z][a-zA-Z0-9+]{1,9}://[^\s\"'<>]+",
    "id": r"\b(?:wh|dlv|evt|chg|psp|cht|ast|trg)_[0-9a-zA-Z]+\b",
    "date": r"\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b(?![-T:\d])",
    "event": rf"\b(?:{_EVENT_ROOTS})[._](?:{_EVENT_ENDS})\b",
    "field": rf"\b(?:{_FIELD_ROOTS})(?:\.\w+)+|\butm_[a-z]+\b",
    "host": _HOST,
    "dotted": r"\b[a-z_]\w*(?:\.\w+)+",
    "long": r"\b(?=[A-Za-z0-9_+/=-]*\d)(?=[A-Za-z0-9_+/=-]*[A-Za-z])[A-Za-z0-9_+/=-]{20,}",
    "number": rf"[-−]?[$€£]?\d+(?:,\d{{3}})*(?:\.\d+)?\+?(?:[\s-]?(?:{_UNITS}))?(?![A-Za-z_])",
    "mixed": r"\d\w+",
    "compare": r">=|=>|<=|=<|==+|!==?|<>|≥|≤|≠|>|<|=",
    "word": r"[^\W\d_](?:[\w]|[-'’](?=\w))*",
    "stop": r"[.,;!?:()\n&/+–—]|-(?=\s)|#|\S",
}
SCANNER = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items()), re.IGNORECASE)
