"""What a template is: its method, host, headers and variables; and what the vectors say that it becomes."""

import json

import pytest

from rules.errors import InvalidInput
from rules.request_template import compile_request, render
from tests.rules.rendering import JSON, PLAIN, SCOPE, URL, VECTORS, request, sent, text_of


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
