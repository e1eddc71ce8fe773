"""What curl's options mean for a request: the ones that shape it, and those that a trigger ignores or cannot follow."""

from typing import Final

# Options by the one letter that may stand for them (curl --help all).
SHORT: Final = {
    "X": "request",
    "H": "header",
    "d": "data",
    "F": "form",
    "u": "user",
    "G": "get",
    "A": "user-agent",
    "e": "referer",
    "b": "cookie",
    "k": "insecure",
    "L": "location",
    "s": "silent",
    "S": "show-error",
    "v": "verbose",
    "i": "include",
    "m": "max-time",
    "I": "head",
    "o": "output",
    "O": "remote-name",
    "f": "fail",
    "g": "globoff",
    "N": "no-buffer",
    "w": "write-out",
    "x": "proxy",
    "U": "proxy-user",
    "T": "upload-file",
    "E": "cert",
    "K": "config",
    "n": "netrc",
    "c": "cookie-jar",
    "D": "dump-header",
    "r": "range",
    "C": "continue-at",
    "z": "time-cond",
    "j": "junk-session-cookies",
    "J": "remote-header-name",
    "R": "remote-time",
    "q": "disable",
    "Z": "parallel",
    "#": "progress-bar",
    "0": "http1.0",
    "1": "tlsv1",
    "2": "sslv2",
    "3": "sslv3",
    "4": "ipv4",
    "6": "ipv6",
    "y": "speed-time",
    "Y": "speed-limit",
    "a": "append",
    "l": "list-only",
    "p": "proxytunnel",
    ":": "next",
    "h": "help",
    "M": "manual",
    "V": "version",
    "B": "use-ascii",
}

# Options that shape the request and take a value.
SHAPING: Final = frozenset(
    {"request", "header", "data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json", "form"}
    | {"form-string", "user", "url", "url-query", "user-agent", "referer", "cookie", "max-time", "range"}
    | {"oauth2-bearer"}
)
SWITCHES: Final = frozenset({"get", "head", "globoff"})

IGNORED_SWITCHES: Final = frozenset(
    {"silent", "show-error", "verbose", "include", "compressed", "fail", "fail-with-body", "fail-early", "no-buffer"}
    | {"progress-bar", "progress-meter", "styled-output", "remote-name", "remote-header-name", "remote-time"}
    | {"http1.0", "http1.1", "http2", "http2-prior-knowledge", "http3", "http3-only", "http0.9", "ipv4", "ipv6"}
    | {"tlsv1", "tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3", "sslv2", "sslv3", "ssl", "ssl-reqd", "ssl-no-revoke"}
    | {"tcp-nodelay", "tcp-fastopen", "keepalive", "alpn", "npn", "sessionid", "disable", "junk-session-cookies"}
    | {"basic", "anyauth", "path-as-is", "create-dirs", "clobber", "remove-on-error", "raw", "tr-encoding", "buffer"}
    | {"parallel", "parallel-immediate", "post301", "post302", "post303", "trace-time", "retry-all-errors"}
    | {"retry-connrefused", "ignore-content-length", "suppress-connect-headers", "xattr", "form-escape", "list-only"}
    | {"remote-name-all", "ssl-allow-beast", "ssl-auto-client-cert", "ssl-revoke-best-effort", "no-progress-meter"}
    | {"use-ascii", "append", "proxytunnel", "proxy-insecure", "disallow-username-in-url", "cert-status"}
)
IGNORED_VALUES: Final = frozenset(
    {"output", "output-dir", "write-out", "connect-timeout", "cookie-jar", "dump-header", "stderr", "trace"}
    | {"trace-ascii", "max-redirs", "max-filesize", "limit-rate", "speed-limit", "speed-time", "keepalive-time"}
    | {"retry-delay", "retry-max-time", "dns-servers", "interface", "local-port", "ciphers", "tls13-ciphers", "tls-max"}
    | {"curves", "hsts", "alt-svc", "noproxy", "proxy-user", "proxy-header", "proto", "proto-redir", "proto-default"}
    | {"expect100-timeout", "happy-eyeballs-timeout-ms", "libcurl", "etag-save", "rate", "parallel-max", "crlfile"}
    | {"create-file-mode", "doh-url"}
)
_REDIRECTS: Final = "Redirects are never followed: a trigger gets the redirect itself as its answer."
_CERTIFICATES: Final = "Certificates are always verified, by the authorities that this server trusts"
NOTED: Final = {
    "insecure": f"-k was not taken over. {_CERTIFICATES}.",
    "location": _REDIRECTS,
    "location-trusted": _REDIRECTS,
    "retry": "--retry was not taken over: GET is tried again twice when the network or the server fails, others never.",
    "proxy": "The proxy was not taken over: triggers go out through this server's own connection.",
    "socks5": "The proxy was not taken over: triggers go out through this server's own connection.",
    "socks5-hostname": "The proxy was not taken over: triggers go out through this server's own connection.",
    "preproxy": "The proxy was not taken over: triggers go out through this server's own connection.",
    "cacert": f"--cacert was not taken over. {_CERTIFICATES}.",
    "capath": f"--capath was not taken over. {_CERTIFICATES}.",
    "pinnedpubkey": f"--pinnedpubkey was not taken over. {_CERTIFICATES}.",
    "resolve": "--resolve was not taken over: the host's name is always looked up.",
    "connect-to": "--connect-to was not taken over: the host's name is always looked up.",
}
NOTED_WITH_VALUE: Final = NOTED.keys() - {"insecure", "location", "location-trusted"}

_FILE = "reads a file of your machine, which a trigger cannot; put its content into the command"
_CERTIFICATE = "uses a client certificate, which triggers do not have"
_SIGNED = "signs each request anew, which a template cannot; use an API key or a token"
REFUSED: Final = {
    **dict.fromkeys(("upload-file", "config", "netrc", "netrc-file", "netrc-optional"), _FILE),
    **dict.fromkeys(("etag-compare",), _FILE),
    **dict.fromkeys(("cert", "key", "pass", "cert-type", "key-type", "engine"), _CERTIFICATE),
    **dict.fromkeys(("digest", "ntlm", "ntlm-wb", "negotiate", "aws-sigv4", "delegation"), _SIGNED),
    **dict.fromkeys(("next",), "begins a second request; import one at a time"),
    **dict.fromkeys(("unix-socket", "abstract-unix-socket"), "goes to a socket of your machine, not to a host"),
    **dict.fromkeys(("continue-at", "time-cond"), "downloads files in pieces, which triggers do not do"),
    **dict.fromkeys(("help", "manual", "version"), "asks curl about itself; there is no request in it"),
    **dict.fromkeys(("request-target",), "hides the path from the URL; write it in the URL"),
}
KNOWN: Final = SHAPING | SWITCHES | IGNORED_SWITCHES | IGNORED_VALUES | NOTED.keys() | REFUSED.keys()


def takes_value(option: str) -> bool:
    """Tell whether an option is followed by a value."""
    return option in SHAPING or option in IGNORED_VALUES or option in NOTED_WITH_VALUE
