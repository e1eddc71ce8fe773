from typing import Any

import pytest

from rules.errors import InvalidInput
from rules.integration_spec import Integration, SecretDraft, SessionDraft, host_allowed
from rules.validation import parse


@pytest.mark.parametrize(
    ("host", "entry", "allowed"),
    [
        ("erp.company.com", "erp.company.com", True),
        ("erp.company.com:8443", "erp.company.com", True),
        ("erp.company.com:8443", "erp.company.com:8443", True),
        ("erp.company.com", "erp.company.com:443", True),
        ("erp.company.com", "erp.company.com:8443", False),
        ("erp.company.com.", "erp.company.com", True),
        ("company.com", "*.company.com", False),
        ("a.b.company.com", "*.company.com", True),
        ("evilcompany.com", "*.company.com", False),
        ("erp.company.com.evil.com", "erp.company.com", False),
        ("[::1]:8080", "[::1]", True),
        ("[::1]", "[::1]:8080", False),
        ("127.0.0.1:9", "127.0.0.1", True),
    ],
)
def test_a_secret_goes_to_the_hosts_it_is_bound_to(host: str, entry: str, *, allowed: bool):
    assert host_allowed(host, [entry]) is allowed


def test_a_port_is_that_of_the_scheme_when_the_url_names_none():
    assert not host_allowed("erp.company.com", ["erp.company.com:443"], scheme="http")
    assert host_allowed("erp.company.com", ["erp.company.com:80"], scheme="http")


def test_a_secret_without_hosts_goes_nowhere():
    assert not host_allowed("erp.company.com", [])


@pytest.mark.parametrize("host", ["https://erp.company.com", "a/b", "a b", "*", "*.*.com", "", "a..b", 7, "a:999999"])
def test_what_is_no_host_is_refused(host: Any):
    with pytest.raises(InvalidInput, match=r"hosts\.0"):
        parse(SecretDraft, {"value": "v" * 8, "hosts": [host]})


def test_hosts_are_written_in_lower_case_without_the_final_dot():
    assert parse(SecretDraft, {"value": "v" * 8, "hosts": [" ERP.Company.com. "]}).hosts == ["erp.company.com"]


@pytest.mark.parametrize(
    "image", ["data:image/png;base64,AA", "ftp://a/b", "https://", "https://a/ b", "x" * 3000, None]
)
def test_images_are_web_addresses(image: Any):
    with pytest.raises(InvalidInput, match=r"images\.0"):
        parse(SessionDraft, {"assistant_id": "ast_1", "images": [image]})


def test_headers_as_an_object_are_refused_with_the_shape_and_without_the_value():
    with pytest.raises(InvalidInput) as refused:
        parse(Integration, {"url": "https://erp.company.com", "headers": {"Authorization": "Bearer planted"}})
    assert 'must be a list, such as [{"key": "Authorization", "value": "Bearer $token"}]' in str(refused.value)
    assert "planted" not in str(refused.value)
