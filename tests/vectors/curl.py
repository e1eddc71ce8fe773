# ruff: noqa: E501, ISC004 - command lines are read best as they are typed
"""Writes curl.json: what a real shell and a real curl send for each line. Run: python tests/vectors/curl.py."""

import json
import os
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

# A line, the arguments (and environment) that stand for what varies in it, and the names of the secrets it holds.
LINES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("curl http://erp.company.com/api/orders/123", {"order_id": "123"}, {}),
    (
        "curl -sSL 'http://erp.company.com/api/orders/ord-77?expand=items&q=red+shoes' -H 'Authorization: Bearer abc.123'",
        {"order_id": "ord-77", "q": "red shoes"},
        {},
    ),
    (
        r'curl -H "X-Api-Key: k-9\$" http://api.store.com/users/u_1/orders/2/status.json',
        {"user_id": "u_1", "order_id": "2"},
        {},
    ),
    (
        "curl -XPOST http://api.store.com/v1/tickets --header 'Content-Type: application/json' \\\n"
        """  --data-raw '{"title":"It'"'"'s broken","priority":3,"tags":["a","b"],"urgent":true,"price":"$5"}'""",
        {"title": "It's broken", "priority": 3, "tags": ["a", "b"], "price": "$5"},
        {},
    ),
    (
        r"""curl http://api.store.com/v1/notes --json $'{"text":"caf\u00e9 \'x\'\\n\x21"}'""",
        {"text": "café 'x'\n!"},
        {},
    ),
    (
        "curl http://api.store.com/tickets/ -d 'title=Broken lamp' -d body=a%26b --data-urlencode 'note=x & y=z' -d vip=true",
        {"title": "Broken lamp", "body": "a&b", "note": "x & y=z"},
        {},
    ),
    (
        "curl -G http://api.store.com/search -d q=lamp --data-urlencode 'city=São Paulo' -d limit=5",
        {"q": "lamp", "city": "São Paulo"},
        {},
    ),
    (
        "curl http://api.store.com/uploads -F 'title=A \"small\" one' -F count=2 -F 'memo=x;type=text/plain'",
        {"title": 'A "small" one', "count": 2, "memo": "x"},
        {},
    ),
    ("curl -u 'ana:p@ss:w0rd' http://api.store.com/me", {}, {}),
    ("curl http://ana:pw@api.store.com/me", {}, {}),
    ("curl http://api.store.com/me --oauth2-bearer t0k3n -A 'lamp/1.0' -e http://a.example/ -r 0-99", {}, {}),
    ("curl -b 'sid=1; theme=dark' http://api.store.com/me", {}, {}),
    ("curl 'http://api.store.com/items?api_key=k%2F1&ids[]=7&ids[]=8' -g", {"ids": "7", "ids_2": "8"}, {}),
    (
        "curl -X PUT http://api.store.com/customers/0b1a2c3d-0000-4000-8000-1234567890ab -H 'Content-Type: application/json' "
        """-d '{"customer":{"name":"Ana","mail":"ana@example.com","address":{"zip":"01234"}},"amount":12.50,"big":12345678901234567890}'""",
        {
            "customer_id": "0b1a2c3d-0000-4000-8000-1234567890ab",
            "customer_name": "Ana",
            "customer_mail": "ana@example.com",
            "customer_address_zip": "01234",
            "amount": 12.5,
            "big": 12345678901234567890,
        },
        {},
    ),
    ("curl --request DELETE http://api.store.com/carts/5f3c2a1b9d8e7f6a5b4c3d2e", {"cart_id": "5f3c2a1b9d8e7f6a5b4c3d2e"}, {}),
    (
        'curl "http://api.store.com/orders/${ORDER_ID}/cancel" -X POST -H "Content-Type: application/json" '
        '-d "{\\"reason\\": \\"$REASON\\", \\"count\\": $COUNT, \\"by\\": \\"bot\\", \\"fee\\": \\"\\$7\\"}"',
        {"order_id": "A 1", "reason": "late", "count": 2},
        {"ORDER_ID": "A%201", "REASON": "late", "COUNT": "2"},
    ),
    (
        "curl http://api.store.com/graphql -H 'content-type: application/json' "
        """-d '{"query":"query Q($id: ID!) { order(id: $id) { total } }","variables":{"id":"o-1"}}'""",
        {"id": "o-1"},
        {},
    ),
    ("curl http://api.store.com/hook -H 'Content-Type: text/plain' -d 'costs $5, 100% {sure}'", {}, {}),
    ("curl http://api.store.com/xml -H 'Content-Type: application/xml' -d '<order><id>7</id></order>'", {}, {}),
    ("curl http://api.store.com/a\\b\"c\"'d'e # and a comment", {}, {}),
    ("curl http://api.store.com/days/2025-02-15 --max-time 7", {"day_date": "2025-02-15"}, {}),
    ("curl -iv --compressed --connect-timeout 3 -o /dev/null http://api.store.com", {}, {}),
    (
        "curl http://api.store.com/login --json '{\"user\":\"ana\",\"password\":\"hunter2\",\"max_tokens\":5}'",
        {"user": "ana"},
        {},
    ),
]  # fmt: skip


class Recorder(BaseHTTPRequestHandler):
    """A proxy that answers everything itself and remembers it."""

    seen: list[dict[str, Any]] = []  # noqa: RUF012 - one list for the one server

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        dropped = {"host", "proxy-connection", "content-length"}
        headers = [[name, value] for name, value in self.headers.items() if name.lower() not in dropped]
        body = self.rfile.read(length).decode()
        self.seen.append({"method": self.command, "url": self.path, "headers": headers, "body": body})
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    server = HTTPServer(("127.0.0.1", 0), Recorder)
    Thread(target=server.serve_forever, daemon=True).start()
    rows = []
    for line, arguments, environment in LINES:
        script = f'curl() {{ command curl -q --proxy http://127.0.0.1:{server.server_port} "$@"; }}\n{line}\n'
        done = subprocess.run(
            ["bash", "-c", script], env={**os.environ, **environment}, capture_output=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{line}\n{done.stderr.decode()}")
        rows.append({"line": line, "arguments": arguments, "environment": environment, "request": Recorder.seen[-1]})
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
