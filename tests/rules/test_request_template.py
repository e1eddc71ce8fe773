import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from rules.errors import InvalidInput
from rules.header_fields import MASK
from rules.request_template import Rendered, RequestTemplate, compile_body, compile_request, render
from rules.template_limits import MAX_DIGITS, MAX_JSON_DEPTH, MAX_RENDERED_BYTES, MAX_SLOTS, MAX_TEMPLATE_BYTES
from rules.variables import Scope

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "render.json").read_text())
SCOPE = Scope(**VECTORS["scope"] | {"declared": frozenset(VECTORS["scope"]["declared"])})
EMPTY = Scope({}, {}, {}, {})
JSON = [("Content-Type", "application/json")]
PLAIN = [("Content-Type", "text/plain")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
MULTIPART = [("Content-Type", "multipart/form-data")]
URL = "https://api.example.com/x"


def request(url: str = URL, headers: Any = (), body: Any = None) -> RequestTemplate:
    return compile_request(method="POST", url=url, headers=headers, body=body)


def sent(body: Any, headers: Any = (), scope: Scope = SCOPE) -> Rendered:
    return render(request(headers=headers, body=body), scope)


def text_of(rendered: Rendered) -> str:
    assert rendered.body is not None
    return rendered.body.decode()


def arguments(**values: Any) -> Scope:
    return Scope({}, {}, {}, values)


@pytest.mark.parametrize(("template", "expected"), VECTORS["url"])
def test_a_url_is_rendered(template: str, expected: str):
    assert render(request(template), SCOPE).url == expected


@pytest.mark.parametrize(("template", "says"), VECTORS["url_refused"])
def test_a_url_that_no_value_can_make_safe_is_refused_when_compiled(template: str, says: str):
    with pytest.raises(InvalidInput) as refused:
        request(template)
    assert refused.value.errors[0].field == "url"
    assert says in refused.value.errors[0].message


@pytest.mark.parametrize(("template", "says"), VECTORS["url_unrenderable"])
def test_a_url_that_a_value_would_bend_is_refused_when_rendered(template: str, says: str):
    with pytest.raises(InvalidInput, match="url") as refused:
        render(request(template), SCOPE)
    assert says in refused.value.errors[0].message


@pytest.mark.parametrize(("template", "expected"), VECTORS["text"])
def test_a_text_is_rendered(template: str, expected: str):
    rendered = sent(template, PLAIN)
    assert text_of(rendered) == expected
    in_header = render(request(headers=[("X-A", template)]), SCOPE)
    assert in_header.headers["X-A"] == expected.strip()


@pytest.mark.parametrize(("template", "says"), VECTORS["header_unrenderable"])
def test_a_header_refuses_control_characters_in_a_value(template: str, says: str):
    with pytest.raises(InvalidInput) as refused:
        render(request(headers=[("X-A", "a"), ("X-B", template)]), SCOPE)
    assert refused.value.errors[0].field == "headers.1.value"
    assert says in refused.value.errors[0].message


@pytest.mark.parametrize(("template", "says"), VECTORS["header_refused"])
def test_a_header_refuses_control_characters_in_the_template(template: str, says: str):
    with pytest.raises(InvalidInput, match=r"headers\.0\.value") as refused:
        request(headers=[("X-A", template)])
    assert says in refused.value.errors[0].message


@pytest.mark.parametrize(("template", "expected"), VECTORS["json"])
def test_a_json_text_is_rendered(template: str, expected: str):
    rendered = sent(template, JSON)
    assert text_of(rendered) == expected
    json.loads(expected)


@pytest.mark.parametrize(("template", "says"), VECTORS["json_refused"])
def test_a_body_that_is_not_json_is_refused_when_compiled(template: str, says: str):
    with pytest.raises(InvalidInput) as refused:
        request(headers=JSON, body=template)
    assert refused.value.errors[0].field.startswith("body")
    assert says in refused.value.errors[0].message


@pytest.mark.parametrize(("template", "says"), VECTORS["json_unrenderable"])
def test_a_body_that_no_json_could_hold_is_refused_when_rendered(template: str, says: str):
    with pytest.raises(InvalidInput, match="body") as refused:
        sent(template, JSON)
    assert says in refused.value.errors[0].message


@pytest.mark.parametrize("method", ["get", "POST", "Put", "DELETE", "patch"])
def test_every_method_of_the_seed_and_patch_may_be_used(method: str):
    assert compile_request(method=method, url=URL, headers=[]).method == method.upper()


@pytest.mark.parametrize("method", ["HEAD", "", "$method", "GET\r\n"])
def test_other_methods_are_refused(method: str):
    with pytest.raises(InvalidInput, match="method: must be one of GET, POST, PUT, DELETE, PATCH"):
        compile_request(method=method, url=URL, headers=[])


@pytest.mark.parametrize(
    ("url", "scheme", "host"),
    [
        ("https://ERP.Company.com/api/$id", "https", "erp.company.com"),
        ("HTTP://127.0.0.1:8080", "http", "127.0.0.1:8080"),
        ("https://a.example:443?q=$q", "https", "a.example:443"),
        ("https://[::1]:1/", "https", "[::1]:1"),
        ("https://Bücher.example#$x", "https", "bücher.example"),
    ],
)
def test_the_host_is_known_before_anything_is_rendered(url: str, scheme: str, host: str):
    template = request(url)
    assert (template.scheme, template.host) == (scheme, host)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("X-$user", "a header's name is fixed: no $ at column 3"),
        ("${user}", "no $ at column 1"),
        ("X A", "must be a header name"),
        ("", "must be a header name"),
        ("X\r\nY", "must be a header name"),
        ("Content-Length", "is set by the HTTP connection itself"),
        ("host", "is set by the HTTP connection itself"),
        ("x-a", "is given twice"),
    ],
)
def test_a_header_name_is_fixed_valid_and_given_once(name: str, says: str):
    with pytest.raises(InvalidInput) as refused:
        request(headers=[("X-A", "1"), (name, "2")])
    assert refused.value.errors[0].field == "headers.1.key"
    assert says in refused.value.errors[0].message


def test_what_decides_about_the_encoding_is_no_variable():
    with pytest.raises(InvalidInput, match=r"headers.0.value: decides how the body is written.* at column 13"):
        request(headers=[("Content-TYPE", "application/$type")])


def test_spaces_around_a_header_value_are_no_part_of_it():
    rendered = render(request(headers=[("Authorization", "Bearer $note")]), SCOPE)
    assert rendered.headers == {"Authorization": "Bearer"}
    assert rendered.warnings == ("headers.0.value: `$note` has no value; an empty text is sent",)


def test_a_name_may_be_used_when_any_match_of_a_reference_may_be_it():
    template = request("https://a.example/$a.b-c/${d e}", [("X", "$token.v2 $$no")], '{"x": $f.g-h}')
    assert template.references == {"a.b-c", "d e", "token.v2", "f.g-h"}
    assert {
        name for name in ("a", "a.b", "a.b-c", "d e", "token", "token.v2", "f", "f.g-h") if template.may_use(name)
    } == {*("a", "a.b", "a.b-c", "d e", "token", "token.v2", "f", "f.g-h")}
    assert not any(template.may_use(name) for name in ("b", "c", "d", "tok", "v2", "no", "f.g", ""))


def test_a_value_in_a_string_becomes_text_and_a_bare_one_keeps_its_type():
    body = {"text": "$quantity and $sure", "keys": {"$user": ["$price"]}, "n": 5, "f": 1.5, "t": True, "z": None}
    rendered = sent(body)
    assert rendered.shown.body == {
        "text": "3 and true",
        "keys": {"ana": ["1.5"]},
        "n": 5,
        "f": 1.5,
        "t": True,
        "z": None,
    }
    assert json.loads(text_of(rendered)) == rendered.shown.body
    assert rendered.headers == {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "content_type", "sent_type", "expected"),
    [
        ('{"a": $quantity}', None, "application/json", '{"a":3}'),
        ("$images[0]", None, "application/json", '"https://i.example/1.png"'),
        ("a=$quantity", None, "text/plain; charset=utf-8", "a=3"),
        ("[INFO] $user", None, "text/plain; charset=utf-8", "[INFO] ana"),
        ('{"a": $quantity}', "text/plain", "text/plain", '{"a": 3}'),
        ('{"a": $name}', "application/vnd.api+json; v=1", None, '{"a":"Ana \\"A\\" Müller\\n"}'),
        ({"a": "$user"}, "application/cloudevents+json", None, '{"a":"ana"}'),
        ("q=$slash&$user=ü", FORM[0][1], None, "q=..%2Fa+b%2F%C3%BC%3F%26%23%3D%2B%252e&ana=ü"),
        ({"q": "$slash", "$user": "ü $note", "n": [1, None, "$no"]}, FORM[0][1], None,
         "q=..%2Fa+b%2F%C3%BC%3F%26%23%3D%2B%252e&ana=%C3%BC+&n=1&n=null&n=false"),
        ({}, FORM[0][1], None, ""),
        ("<a>$name</a>", "application/soap+xml", None, "<a>Ana &quot;A&quot; Müller\n</a>"),
        ("", "text/plain", None, ""),
        (0, None, "application/json", "0"),
        (False, None, "application/json", "false"),
        ([], None, "application/json", "[]"),
    ],
)  # fmt: skip
def test_the_content_type_decides_how_a_body_is_written(
    body: Any, content_type: str | None, sent_type: str | None, expected: str
):
    rendered = sent(body, [("content-type", content_type)] if content_type else [])
    assert text_of(rendered) == expected
    assert next(iter(rendered.headers.values())) == (sent_type or content_type)


def test_no_body_is_sent_without_one():
    rendered = render(request(), SCOPE)
    assert (rendered.body, rendered.shown.body, rendered.headers) == (None, None, {})


@pytest.mark.parametrize(
    "body", ['{"a": "$user" x}', '\ufeff{"a": "$user"}', ' [ {"a": "$user",}]', '["$user"', "[[1]$user]"]
)
def test_what_begins_like_json_and_is_not_is_refused_rather_than_sent_unescaped(body: str):
    with pytest.raises(InvalidInput, match=r"column \d+; for text that is no JSON, add the header Content-Type: text"):
        request(body=body)


@pytest.mark.parametrize(
    ("body", "headers", "field", "says"),
    [
        ({"a": {"b": ["${"]}}, [], "body.a.b.0", "the ${ at column 1 is not closed"),
        ({"a": {"b": "x\n ${}"}}, [], "body.a.b", "the ${} at line 2, column 2 names no variable"),
        ({"a": math.nan}, [], "body.a", "NaN or Infinity"),
        ({"a": {1}}, [], "body.a", "of type set, which is not JSON"),
        ({1: "a"}, [], "body", "a name that is not text"),
        ({"a": "\ud800"}, [], "body.a", "half a surrogate pair at column 1"),
        ({"a": 10**MAX_DIGITS}, [], "body.a", f"more than {MAX_DIGITS} digits"),
        ("[" + "9" * (MAX_DIGITS + 1) + "]", JSON, "body.0", f"more than {MAX_DIGITS} digits"),
        ({"a": {"b": 1}}, FORM, "body.a", "must be a text, number"),
        ({"a": [["b"]]}, MULTIPART, "body.a", "must be a text, number"),
        (["a"], FORM, "body", "must be an object of fields"),
        ("--x\r\n", MULTIPART, "body", "must be an object of fields"),
        ("a", [("Content-Type", "text/plain; charset=latin1")], "body", "charset=latin1"),
        ("\ud800", PLAIN, "body", "half a surrogate pair at column 1"),
        (b"bytes", [], "body", "of type bytes, which is not JSON"),
    ],
)
def test_a_body_that_cannot_be_safe_is_refused_with_its_place(body: Any, headers: Any, field: str, says: str):
    with pytest.raises(InvalidInput) as refused:
        request(headers=headers, body=body)
    assert refused.value.errors[0].field == field
    assert says in refused.value.errors[0].message


def test_the_fields_of_a_multipart_body_stay_apart():
    body = {'n"$user': "$slash", "list": ["$crlf", 2], "$token": ""}
    rendered = sent(body, MULTIPART)
    boundary = rendered.headers["Content-Type"].removeprefix("multipart/form-data; boundary=")
    start = f"--{boundary}\r\nContent-Disposition: form-data; name="
    assert text_of(rendered) == (
        f'{start}"n%22ana"\r\n\r\n../a b/ü?&#=+%2e\r\n{start}"list"\r\n\r\na\r\nX: y\r\n{start}"list"\r\n\r\n2\r\n'
        f'{start}"s3cr3t/+%22é"\r\n\r\n\r\n--{boundary}--\r\n'
    )
    assert rendered.shown.body == text_of(rendered).replace("s3cr3t/+%22é", MASK)
    assert sent(body, MULTIPART) == rendered


def test_a_multipart_boundary_never_occurs_in_a_value_and_tells_nothing_of_a_secret():
    def boundary(secret: str) -> str:
        scope = Scope({}, {"key": secret}, {}, {})
        return sent({"a": "$key"}, MULTIPART, scope).headers["Content-Type"].partition("boundary=")[2]

    usual = boundary("x")
    assert boundary("y") == usual
    assert boundary(f"--{usual}--") != usual


def test_a_secret_is_masked_wherever_it_stands_and_its_name_reported():
    template = request(
        "https://a.example/$token/?k=$token#$api_key",
        [("Authorization", "Bearer $token")],
        '{"a": $token, "b": "x $token y", "$token": "$user"}',
    )
    rendered = render(template, SCOPE)
    assert rendered.url == "https://a.example/s3cr3t%2F%2B%22%C3%A9/?k=s3cr3t%2F%2B%22%C3%A9#k"
    assert rendered.shown.url == f"https://a.example/{MASK}/?k={MASK}#{MASK}"
    assert rendered.shown.headers == {"Authorization": f"Bearer {MASK}", "Content-Type": "application/json"}
    assert rendered.shown.body == {"a": MASK, "b": f"x {MASK} y", MASK: "ana"}
    assert rendered.used == {"token": MASK, "api_key": MASK, "user": "ana"}
    assert rendered.secrets == {"token", "api_key"}


@pytest.mark.parametrize("secret", ["top\r\nsecret", "top\ud800secret", "x" * (MAX_RENDERED_BYTES + 1)])
def test_a_refusal_never_repeats_a_secret(secret: str):
    with pytest.raises(InvalidInput) as refused:
        render(request(headers=[("X", "$key")]), Scope({}, {"key": secret}, {}, {}))
    assert "top" not in str(refused.value)
    assert len(str(refused.value)) < 200


DECLARE = "Store it as a secret, declare it as a parameter, or set it in client_data"


def test_each_substitute_for_a_value_leaves_one_warning():
    rendered = sent('{"a": "$note $unheard", "b": $note, "c": [$unheard, "$note"], "d": "$5"}', JSON)
    assert rendered.warnings == (
        "body.a: `$note` has no value; an empty text is sent",
        "body.a: there is no variable `$unheard`; it is sent as written. " + DECLARE,
        "body.b: `$note` has no value; null is sent",
        "body.c.0: there is no variable `$unheard`; null is sent. " + DECLARE,
        "body.c.1: `$note` has no value; an empty text is sent",
    )
    assert text_of(rendered) == '{"a":" $unheard","b":null,"c":[null,""],"d":"$5"}'


def test_system_variables_are_missing_and_never_lent_when_there_is_no_session():
    scope = Scope({}, {}, {"session": {"id": "forged"}, "session.id": "forged"}, {"images": ["forged"]})
    assert text_of(sent('["$session.id", $session.id, $images, $images[0]]', JSON, scope)) == '["",null,null,null]'


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [math.nan], {"a": {"b": -math.inf}}])
@pytest.mark.parametrize("body", ["[$v]", '["$v"]'])
def test_what_json_cannot_hold_is_refused(value: Any, body: str):
    with pytest.raises(InvalidInput, match=r"body.0: `\$v` is, or contains, NaN or Infinity"):
        sent(body, JSON, arguments(v=value))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([10**5000], "integer of more than 4000 digits"),
        ([-(10**100_000)], "integer of more than 4000 digits"),
        ({1: 2}, "a key that is not text"),
        ({"\udfff": 2}, "half a surrogate pair"),
        ([object()], "of type object, which is not JSON"),
        (b"x", "of type bytes, which is not JSON"),
    ],
)
@pytest.mark.parametrize("body", ["[$v]", '["$v"]', "$v"])
def test_a_value_that_is_no_json_is_refused(value: Any, says: str, body: str):
    with pytest.raises(InvalidInput) as refused:
        sent(body, JSON, arguments(v=value))
    assert says in refused.value.errors[0].message


def test_integers_up_to_the_limit_are_exact():
    number = 10 ** (MAX_DIGITS - 50) + 7
    assert text_of(sent("[$v]", JSON, arguments(v=number))) == f"[{number}]"
    assert text_of(sent({"n": number}, JSON)) == f'{{"n":{number}}}'


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_a_template_nests_up_to_the_limit():
    assert text_of(sent("[" * MAX_JSON_DEPTH + "]" * MAX_JSON_DEPTH, JSON)) == "[" * 64 + "]" * 64
    sent(nested(MAX_JSON_DEPTH))
    for body in ("[" * 30_000, '{"a":' * 10_000, "[" * (MAX_JSON_DEPTH + 1) + "]" * (MAX_JSON_DEPTH + 1), nested(900)):
        with pytest.raises(InvalidInput, match="nests deeper than 64 objects and lists"):
            request(headers=JSON, body=body)


def test_a_value_may_nest_as_deep_as_its_place_leaves_room():
    sent("[[$v]]", JSON, arguments(v=nested(MAX_JSON_DEPTH - 2)))
    sent('{"a": [$v]}', JSON, arguments(v=nested(MAX_JSON_DEPTH - 2)))
    for body, depth in (
        ("[[$v]]", MAX_JSON_DEPTH - 1),
        ('{"a": {"b": $v}}', MAX_JSON_DEPTH - 1),
        ("$v", 65),
        ('"$v"', 65),
        ("$v", 100_000),
    ):
        with pytest.raises(InvalidInput, match=r"`\$v` nests deeper than 64"):
            sent(body, JSON, arguments(v=nested(depth)))


def test_a_value_that_contains_itself_is_refused():
    value: list[Any] = []
    value.append(value)
    with pytest.raises(InvalidInput, match="nests deeper than 64"):
        sent("$v", JSON, arguments(v=value))


@pytest.mark.parametrize("value", ["ha", 1, {"": None}])
def test_a_small_value_that_unfolds_into_a_huge_text_is_refused(value: Any):
    for _ in range(60):
        value = [value] * 10
    with pytest.raises(InvalidInput, match="longer than 1048576 bytes"):
        sent("$v", JSON, arguments(v=value))


def test_a_value_that_repeats_a_large_text_is_refused_before_it_is_written():
    value = {"a": ["x" * 500_000] * 100}
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput, match="longer than 1048576 bytes"):
            sent("$v", JSON, arguments(v=value))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body", ["x" * (MAX_TEMPLATE_BYTES + 1), "é" * (MAX_TEMPLATE_BYTES // 2 + 1), ["x" * MAX_TEMPLATE_BYTES]]
)
def test_a_template_beyond_64_kib_is_refused(body: Any):
    with pytest.raises(InvalidInput, match=r"body: the template has [0-9]+ bytes; at most 65536 are allowed"):
        request(body=body)


def test_url_headers_and_body_share_the_64_kib():
    half = "x" * (MAX_TEMPLATE_BYTES // 2)
    request(headers=[("X", half)], body=half[100:])
    with pytest.raises(InvalidInput, match="at most 65536"):
        request(headers=[("X", half)], body=half)
    with pytest.raises(InvalidInput, match=r"url: .* at most 65536"):
        request(URL + "x" * MAX_TEMPLATE_BYTES)


def test_a_rendered_request_beyond_1_mib_is_refused():
    room = MAX_RENDERED_BYTES - len(URL) - len("Content-Typetext/plain")
    assert len(text_of(sent("$v", PLAIN, arguments(v="x" * room)))) == room
    for value in ("x" * (room + 1), "é" * (room // 2 + 1), "x" * 30_000_000):
        with pytest.raises(InvalidInput, match="longer than 1048576 bytes"):
            sent("$v", PLAIN, arguments(v=value))
    with pytest.raises(InvalidInput, match="longer than 1048576 bytes"):
        sent("$v" * MAX_SLOTS, PLAIN, arguments(v="x" * 2_000))
    with pytest.raises(InvalidInput, match=r"url: .*longer than 1048576 bytes"):
        render(request(URL + "?q=$v"), arguments(v="%" * 500_000))
    with pytest.raises(InvalidInput, match=r"headers\.0\.value: .*longer than 1048576 bytes"):
        render(request(headers=[("X", "${v}" + "x" * 1_000)]), arguments(v="x" * (room - 500)))


def test_at_most_1000_variables_may_stand_in_a_request():
    assert len(text_of(sent("$user " * MAX_SLOTS, PLAIN))) == 4 * MAX_SLOTS
    with pytest.raises(InvalidInput, match="1001 variables; at most 1000"):
        request(headers=PLAIN, body="$user " * (MAX_SLOTS + 1))
    with pytest.raises(InvalidInput, match="1001 variables; at most 1000"):
        request(URL + "/$user", headers=PLAIN, body="$user " * MAX_SLOTS)


@pytest.mark.parametrize(
    "name", ["a" * 257, "{" + "a" * 300 + "}", ".".join("a" * 33), "-".join("a" * 33), "a" + "[0]" * 32]
)
def test_a_name_that_is_too_long_is_refused(name: str):
    with pytest.raises(InvalidInput, match="column 3"):
        request(headers=PLAIN, body="x $" + name)


def test_a_body_can_be_compiled_alone():
    template = compile_body('{"text": "New lead: $profile.name.value", "raw": $profile}', None)
    assert template.content_type == "application/json"
    assert [slot.reference.name for slot in template.slots] == ["profile.name.value", "profile"]
