import json
from base64 import b64encode
from typing import Any

import pytest

from integrations.importers.curl import from_curl
from integrations.importers.draft import Draft
from rules.errors import InvalidInput
from rules.typed_secrets import hide_secrets
from tests.integrations.importers.drafting import rendered


def headers(draft: Draft) -> dict[str, str]:
    return {header["key"]: header["value"] for header in draft.trigger["integration"]["headers"]}


def url(draft: Draft) -> str:
    return str(draft.trigger["integration"]["url"])


def parameters(draft: Draft) -> dict[str, Any]:
    return dict(draft.trigger["parameters"]["properties"])


def secrets(draft: Draft) -> dict[str, str | None]:
    return {secret.name: secret.value for secret in draft.secrets}


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        from_curl(text)
    (error,) = caught.value.errors
    assert error.field == "curl"
    return error.message


def test_the_whole_draft_of_a_plain_lookup():
    draft = from_curl("curl https://erp.company.com/api/orders/123 -H 'Authorization: Bearer s3cr3t-t0k3n'")
    assert draft.trigger == {
        "name": "get_order",
        "description": "Gets an order by its id.",
        "parameters": {
            "type": "object",
            "properties": {"order_id": {"type": "string", "description": "The order id, such as 123."}},
            "required": ["order_id"],
        },
        "interpret_response": True,
        "confirm": False,
        "integration": {
            "type": "WEBHOOK",
            "url": "https://erp.company.com/api/orders/$order_id",
            "method": "GET",
            "headers": [{"key": "Authorization", "value": "Bearer $erp_token"}],
        },
    }
    assert secrets(draft) == {"erp_token": "s3cr3t-t0k3n"}
    assert draft.secrets[0].hosts == ("erp.company.com",)
    assert draft.notes == ()


@pytest.mark.parametrize(
    ("options", "header", "name", "value"),
    [
        ("-H 'Authorization: Token abc123'", ("Authorization", "Token $store_token"), "store_token", "abc123"),
        ("-H 'authorization: abc123'", ("authorization", "$store_token"), "store_token", "abc123"),
        ("-H 'X-Api-Key: abc123'", ("X-Api-Key", "$store_api_key"), "store_api_key", "abc123"),
        ("-H 'X-Store-Token: abc123'", ("X-Store-Token", "$store_token"), "store_token", "abc123"),
        ("-u ana:pw", ("Authorization", "Basic $store_login"), "store_login", b64encode(b"ana:pw").decode()),
        ("-H 'Authorization: Basic YTpi'", ("Authorization", "Basic $store_login"), "store_login", "YTpi"),
        ("--oauth2-bearer abc123", ("Authorization", "Bearer $store_token"), "store_token", "abc123"),
        ("-b 'sid=1; a=b'", ("Cookie", "$store_cookie"), "store_cookie", "sid=1; a=b"),
        ("-H 'Cookie: sid=1'", ("Cookie", "$store_cookie"), "store_cookie", "sid=1"),
        ("-u ana", ("Authorization", "Basic $store_login"), "store_login", None),
        ("-u $USER:$PASSWORD", ("Authorization", "Basic $store_login"), "store_login", None),
        ("-H 'Authorization: Bearer <token>'", ("Authorization", "Bearer $store_token"), "store_token", None),
        ("-H 'X-Api-Key: YOUR_API_KEY'", ("X-Api-Key", "$store_api_key"), "store_api_key", None),
        ('-H "Authorization: Bearer $SHOP_TOKEN"', ("Authorization", "Bearer $shop_token"), "shop_token", None),
        ("-H 'Authorization: Bearer {{access_token}}'", ("Authorization", "Bearer $store_token"), "store_token", None),
        ("-H 'Authorization: Bearer [hidden]'", ("Authorization", "Bearer $store_token"), "store_token", None),
    ],
)
def test_a_credential_in_a_header_becomes_a_secret(options: str, header: tuple[str, str], name: str, value: str | None):
    draft = from_curl(f"curl https://api.store.com/me {options}")
    assert headers(draft) == dict([header])
    assert secrets(draft) == {name: value}
    rendered(draft, {})


@pytest.mark.parametrize(
    ("address", "template", "name", "value"),
    [
        ("/me?api_key=a%2Fb", "/me?api_key=$store_api_key", "store_api_key", "a/b"),
        ("/me?key=abc&format=json", "/me?key=$store_key&format=json", "store_key", "abc"),
        ("/me?appid=b6907d289e10d714a6e88b30761fae22", "/me?appid=$store_appid", "store_appid", None),
        ("/services/T0/B0/" + "X" * 24, "/services/T0/B0/$store_path_token", "store_path_token", None),
        ("/me?access_token=$T", "/me?access_token=$t", "t", None),
        ("/hooks/a1B2c3D4e5F6g7H8i9J0k1", "/hooks/$store_path_token", "store_path_token", "a1B2c3D4e5F6g7H8i9J0k1"),
        ("/bot123:AAabcdefghijklmnopqrstuv/send", "/bot$store_bot_token/send", "store_bot_token", None),
    ],
)
def test_a_credential_in_the_url_becomes_a_secret(address: str, template: str, name: str, value: str | None):
    draft = from_curl(f"curl 'https://api.store.com{address}'")
    assert url(draft) == f"https://api.store.com{template}"
    assert list(secrets(draft)) == [name]
    assert value is None or secrets(draft)[name] == value


def test_a_login_in_the_url_becomes_a_header():
    draft = from_curl("curl https://ana:p%40ss@api.store.com/me")
    assert url(draft) == "https://api.store.com/me"
    assert headers(draft) == {"Authorization": "Basic $store_login"}


def test_fields_of_the_body_that_hold_credentials_become_secrets():
    line = """curl https://api.store.com/login --json '{"client_secret":"abc","max_tokens":9,"author":"Ana"}'"""
    assert secrets(from_curl(line)) == {"store_client_secret": "abc"}
    assert secrets(from_curl("curl https://api.store.com/login -d 'password=x1&name=Ana'")) == {"store_password": "x1"}


def test_names_in_the_vault_are_not_taken_again_unless_they_are_meant():
    line = "curl https://erp.company.com/a -H 'Authorization: Bearer abc123'"
    assert secrets(from_curl(line, {"erp_token"})) == {"erp_token_2": "abc123"}
    meant = from_curl("curl https://erp.company.com/a -H 'Authorization: Bearer $erp_token'", {"erp_token"})
    assert (headers(meant), meant.secrets) == ({"Authorization": "Bearer $erp_token"}, ())
    assert list(parameters(from_curl("curl https://erp.company.com/orders/1", {"order_id"}))) == ["order_id_2"]


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/orders/123", "/orders/$order_id"),
        ("/users/usr_999/orders/ord-123", "/users/$user_id/orders/$order_id"),
        ("/line-items/0b1a2c3d-0000-4000-8000-1234567890ab.json", "/line-items/${line_item_id}.json"),
        ("/companies/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/companies/$company_id"),
        ("/people/ana@example.com", "/people/$person_email"),
        ("/v1/2010-04-01/orders", "/v1/2010-04-01/orders"),
        ("/api/v2/oauth2/statuses", "/api/v2/oauth2/statuses"),
        ("/api/7", "/api/$id"),
        ("/orders/:id/items/<item id>", "/orders/$id/items/$item_id"),
        ("/orders/{orderId}.pdf", "/orders/${orderId}.pdf"),
        ("/orders/$order_number/status", "/orders/$order_number/status"),
        ("/orders/$session.id", "/orders/$session.id"),
        ("/a$5/b", "/a$$5/b"),
        ("/repos/OWNER/ORDER_ID", "/repos/$owner/$order_id"),
    ],
)
def test_ids_in_the_path_become_parameters(path: str, template: str):
    assert url(from_curl(f"curl 'https://api.store.com{path}'")) == f"https://api.store.com{template}"


def test_settings_stay_and_questions_vary():
    line = "curl 'https://api.store.com/search?q=red+shoes&limit=10&lang=de-DE&sort=asc&max=5&day=2025-02-15'"
    draft = from_curl(line)
    assert url(draft).partition("?")[2] == "q=$q&limit=10&lang=de-DE&sort=asc&max=$max&day=$day"
    assert [each["type"] for each in parameters(draft).values()] == ["string", "integer", "string"]
    assert parameters(draft)["day"]["format"] == "date"


def test_what_is_marked_varies_and_the_rest_stays():
    line = (
        "curl https://helpdesk.company.com/api/tickets -H 'Content-Type: application/json' "
        """-d '{"title":"$issue_title","channel":"whatsapp","n":$count,"all":$images,"""
        """"by":"<customer name>","x":{{y}}}'"""
    )
    draft = from_curl(line)
    assert list(parameters(draft)) == ["issue_title", "count", "customer_name", "y"]
    request = rendered_with_images(draft, {"issue_title": 'a"b', "count": 3, "customer_name": "Ana", "y": [1]})
    assert request == {"title": 'a"b', "channel": "whatsapp", "n": 3, "all": ["u"], "by": "Ana", "x": [1]}


def rendered_with_images(draft: Draft, arguments: dict[str, Any]) -> Any:
    return json.loads(rendered(draft, arguments, system={"images": ["u"]}).body or b"")


def test_examples_that_may_be_about_a_person_are_not_repeated():
    line = (
        """curl https://x.example/a --json '{"email":"ana@example.com","name":"Ana","iban":"DE02","priority":"high"}'"""
    )
    described = json.dumps(parameters(from_curl(line)))
    assert "high" in described
    assert not any(value in described for value in ("ana@", "Ana", "DE02"))


def test_deleting_asks_first():
    draft = from_curl("curl -X DELETE https://api.store.com/carts/12")
    assert (draft.trigger["name"], draft.trigger["confirm"]) == ("delete_cart", True)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("curl https://x.example/api/orders", "list_orders"),
        ("curl https://x.example/orders/7/status", "get_order_status"),
        ("curl https://x.example/orders/7/items", "list_order_items"),
        ("curl https://x.example/orders/7/cancel -X POST", "cancel_order"),
        ("curl https://x.example/sendMessage -d a=b", "send_message"),
        ("curl -X PATCH https://x.example/users/me", "update_me"),
        ("curl https://api.store.com", "get_store"),
        ("curl https://hooks.slack.com/services/T0/B0/abcdefghijklmnopqrst1 -d a=b", "call_slack"),
        ("curl https://api.github.com/repos/OWNER/REPO/issues", "list_repo_issues"),
    ],
)
def test_names_are_a_verb_and_a_noun(line: str, name: str):
    assert from_curl(line).trigger["name"] == name


@pytest.mark.parametrize(("seconds", "timeout"), [("7", 7_000), (".5", 1_000), ("600", 120_000)])
def test_max_time_is_the_timeout_within_its_range(seconds: str, timeout: int):
    draft = from_curl(f"curl -m {seconds} https://x.example")
    assert draft.trigger["integration"]["timeout_ms"] == timeout
    assert bool(draft.notes) == (seconds != "7")


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ("-k", "Certificates are always verified"),
        ("-sSL", "Redirects are never followed"),
        ("-x http://proxy:1", "proxy was not taken over"),
        ("-H 'Host: other.example'", "Host was left out"),
        ("-H 'Idempotency-Key: 1'", "Idempotency-Key was left out"),
        ('-d \'{"a":"b"}\'', "sent as application/json"),
        ("-d lang=de -d 'vip=true'", "make them parameters if they should vary: lang, vip."),
    ],
)
def test_what_is_not_taken_over_is_said(options: str, note: str):
    assert any(note in said for said in from_curl(f"curl {options} https://x.example").notes)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("please add my API", "no curl command"),
        ("curl https://x.example | jq .", "has | outside of quotes at character 24"),
        ("curl https://x.example && rm x", "has & outside of quotes"),
        ("curl https://x.example; ls", "has ; outside of quotes"),
        ("curl https://x.example > out.json", "has > outside of quotes"),
        ("curl https://x.example -d $(cat token)", "runs another command"),
        ('curl https://x.example -d "`id`"', "runs another command"),
        ("curl https://x.example -d ${A:-b}", "shell expansion"),
        ("curl https://x.example -d 'a", "quote ' without its end, opened at character 27"),
        ("curl https://x.example\ncurl https://y.example", "more than one curl command"),
        ("curl https://x.example https://y.example", "2 URLs"),
        ("curl https://x.example please", "'please' belongs to no option"),
        ("curl -sS", "no URL"),
        ("curl --hedaer a:b https://x.example", "--hedaer is not known. Did you mean --header?"),
        ("curl -W https://x.example", "-W is not known"),
        ("curl https://x.example -H", "-H has no value"),
        ("curl -d @order.json https://x.example", "the file order.json"),
        ("curl -F photo=@me.png https://x.example", "the file me.png"),
        ("curl -T a.txt https://x.example", "-T reads a file"),
        ("curl -E me.pem https://x.example", "client certificate"),
        ("curl --digest -u a:b https://x.example", "signs each request anew"),
        ("curl -I https://x.example", "The method HEAD"),
        ("curl ftp://x.example/a", "ftp://"),
        ("curl $BASE/orders", "host is left open ($BASE)"),
        ("curl https://{host}/orders", "host is left open"),
        ("curl 'https://x.example/{a,b}'", "several requests"),
        ("curl https://x.example --json '{\"a\":}'", "is not JSON"),
        ("curl https://x.example -m soon", "not a number of seconds"),
        ("curl https://x.example -H “A: b”", "straight quote"),
        (f"curl https://x.example -d '{'a' * 70_000}'", "at most 65536"),
        ("curl https://x.example -d '" + "&".join(f"a{n}=b" for n in range(200)) + "'", "more than 100 values"),
        ("curl https://x.example -H '$NAME: a'", "header's name is fixed"),
        ("curl 'https://x.example/a/../b'", "path segment .."),
    ],
)
def test_what_cannot_be_followed_is_refused_in_words(line: str, why: str):
    assert why in refusal(line)


@pytest.mark.parametrize(
    "text",
    [
        "Please import this curl line for me: curl https://x.example/a -H 'B: c'",
        "Add this:\n```bash\n$ curl https://x.example/a -H 'B: c'\n```\nIt isn't secret.",
        "Add `curl https://x.example/a -H 'B: c'` as a trigger, don't ask.",
        "curl https://x.example/a \\\n  -H 'B: c'\n\nThanks!",
        "curl https://x.example/a\n  -H 'B: c'",
        "/usr/bin/curl -q --url=https://x.example/a --header=B:c",
        "curl.exe https://x.example/a -HB:c;",
        "curl 'https://x.example/a' -H $'B: \\x63' # a comment",
        'curl ^"https://x.example/a^" ^\r\n  -H ^"B: c^"',
    ],
)
def test_the_command_is_found_in_what_people_paste(text: str):
    draft = from_curl(text)
    assert (url(draft), headers(draft)) == ("https://x.example/a", {"B": "c"})


def test_a_browsers_command_for_windows_is_read():
    line = (
        'curl ^"https://api.store.com/tickets?a=1^&lang=en^" ^\n  -H ^"content-type: application/json^" ^\n'
        '  -H ^"sec-fetch-mode: cors^" ^\n  --data-raw ^"^{^\\^"title^\\^":^\\^"50^% ^$5 off^\\^"^}^" ^\n  --compressed'
    )
    draft = from_curl(line)
    assert url(draft) == "https://api.store.com/tickets?a=$a&lang=en"
    assert headers(draft) == {"content-type": "application/json"} or headers(draft) == {
        "Content-Type": "application/json"
    }
    assert draft.trigger["integration"]["body"] == {"title": "$title"}


@pytest.mark.parametrize(
    "line",
    [
        "curl -H 'Authorization: Bearer abc123def456' https://api.store.com/orders/1",
        'curl -H "X-Api-Key: abc123def456" https://api.store.com/orders/1',
        "curl -u ana:abc123def456 https://api.store.com/orders/1",
        "curl https://ana:abc123def456@api.store.com/orders/1",
        "curl 'https://api.store.com/orders/1?api_key=abc123def456'",
        """curl https://api.store.com/orders/1 -X POST --json '{"password":"abc123def456","a":"b"}'""",
        "curl -b 'sid=abc123def456' https://api.store.com/orders/1",
        "curl https://api.store.com/orders/1 -X POST -d 'token=abc123def456&a=b'",
    ],
)
def test_a_command_whose_credential_was_hidden_in_a_chat_is_read(line: str):
    hidden = hide_secrets(f"Add this: {line}")
    assert "abc123def456" not in hidden
    draft = from_curl(hidden)
    assert list(secrets(draft).values()) == [None]
    assert list(secrets(draft)) == list(secrets(from_curl(line)))
    assert url(draft) == url(from_curl(line))


@pytest.mark.parametrize(
    "line",
    [
        "curl -H 'Authorization: Bearer [hidden] https://api.store.com/orders/1 -d a=b",
        'curl -H "X-Api-Key: [hidden] \\\n https://api.store.com/orders/1 -d a=b',
    ],
)
def test_a_quote_that_was_hidden_with_its_credential_is_closed(line: str):
    assert url(from_curl(line)) == "https://api.store.com/orders/$order_id"


def test_descriptions_name_no_host_and_no_port():
    draft = from_curl("curl -X POST http://127.0.0.1:8141/orders/17/notes --json '{\"qty\": 2}'")
    assert draft.trigger["description"] == "Creates an order note."
    assert "127.0.0.1" not in str(draft.trigger["parameters"])


def test_a_parameter_of_which_only_the_name_is_known_has_no_description():
    draft = from_curl("curl 'https://shop.example.com/search?q=<term>&qty=$qty' -H 'Accept: application/json'")
    assert parameters(draft) == {"term": {"type": "string"}, "qty": {"type": "string"}}
