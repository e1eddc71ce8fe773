"""Names made from other names: words, identifiers, singulars, and the telling part of a host."""

import re
import unicodedata
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_]+")
_SINGULARS: Final = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "indices": "index",
    "data": "data",
    "series": "series",
    "news": "news",
    "statuses": "status",
    "bonuses": "bonus",
    "caches": "cache",
    "lens": "lens",
    "campuses": "campus",
    "viruses": "virus",
    "buses": "bus",
    "movies": "movie",
    "sms": "sms",
    "bus": "bus",
    "analytics": "analytics",
    "analyses": "analysis",
    "matrices": "matrix",
    "media": "media",
    "cookies": "cookie",
}
# Labels of a host that say where or how, not what.
_VAGUE_LABELS: Final = frozenset(
    {"api", "apis", "www", "app", "apps", "rest", "web", "gateway", "gw", "dev", "test", "staging", "stage", "sandbox"}
    | {"prod", "production", "live", "beta", "demo", "eu", "us", "uk", "de", "public", "secure", "cloud", "my", "v1"}
    | {"v2", "v3", "graph", "graphql", "hooks", "webhooks", "localhost"}
)
_SUFFIX_LABELS: Final = frozenset({"com", "net", "org", "co", "io", "gov", "edu", "ac"})
_LONGEST: Final = 200


def words(name: str) -> list[str]:
    """Split a name of any style into lower-case words: `lineItem-ID` gives line, item, id."""
    return [word.lower() for word in _WORDS.findall(_ascii(name))]


def identifier(name: str) -> str:
    """Return a name as `[A-Za-z_][A-Za-z0-9_]*`, in its own capitals; `value` when nothing is left of it."""
    fit = _UNFIT.sub("_", _ascii(name)).strip("_") or "value"
    return f"_{fit}" if fit[0].isdigit() else fit


def lower_identifier(name: str) -> str:
    """Return a name as `[a-z_][a-z0-9_]*`."""
    return identifier(name).lower()


def singular(word: str) -> str:
    """Return the singular of an English word in lower case, as far as its ending tells."""
    if word in _SINGULARS:
        return _SINGULARS[word]
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if re.search(r"(?:ss|x|tz|ch|sh)es$", word):
        return word[:-2]
    return word[:-1] if re.search(r"[^sui]s$", word) and len(word) > 3 else word


def singular_noun(name: str) -> str:
    """Return a name in snake case with its last word in the singular: `line-items` gives `line_item`."""
    *before, last = words(name) or [""]
    return "_".join((*before, singular(last)))


def telling_label(host: str) -> str:
    """Return the part of a host that says whose it is: `erp` of erp.company.com, `store` of api.store.com."""
    labels = [lower_identifier(label) for label in re.sub(r":\d+$", "", host).split(".") if label]
    if re.fullmatch(r"[\d.]+|\[.*", host.partition(":")[0]) or not labels:
        return "server"
    telling = [label for label in labels[:-1] if label not in _VAGUE_LABELS and label not in _SUFFIX_LABELS]
    return (telling or [label for label in labels if label not in _SUFFIX_LABELS] or ["server"])[0][:30].strip("_")


def _ascii(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name[:_LONGEST])
    return "".join(mark for mark in decomposed if mark.isascii())
