"""International URLs (RFC 3987) by way of the plain ones that they stand for."""

import re

# RFC 3987, section 2.2: `ucschar` may stand wherever a percent-encoded byte may; `iprivate`, in a query only.
_UCSCHAR = (
    "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
    + "".join(f"{chr(plane << 16)}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 14))
    + "\U000e1000-\U000efffd"
)
_IPRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_ANYWHERE = re.compile(f"[{_UCSCHAR}]")
_IN_QUERY = re.compile(f"[{_UCSCHAR}{_IPRIVATE}]")
_ENCODED = "%20"  # which byte it is makes no difference to the grammar


def as_uri(iri: str) -> str:
    """Return a text that is a URI exactly if the given one is an IRI (RFC 3987, section 3.1); a reference, likewise.

    It is for checking only: every international character becomes the same byte.
    """
    before, hash_mark, fragment = iri.partition("#")
    path, question_mark, query = before.partition("?")
    return "".join(
        (
            _ANYWHERE.sub(_ENCODED, path),
            question_mark,
            _IN_QUERY.sub(_ENCODED, query),
            hash_mark,
            _ANYWHERE.sub(_ENCODED, fragment),
        )
    )
