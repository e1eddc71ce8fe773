import json
from typing import Any

import pytest

from integrations.importers.draft import Draft
from integrations.importers.openapi import from_openapi
from rules.errors import InvalidInput
from tests.integrations.importers.drafting import rendered

SHOP = """
openapi: 3.0.3
info: {title: Shop, version: 1.0.0}
servers:
  - url: https://{tenant}.store.com/v1/
    variables: {tenant: {default: api}}
security: [{bearer: []}]
paths:
  /orders/{orderId}:
    parameters:
      - {name: orderId, in: path, required: true, schema: {type: integer, minimum: 1}}
    get:
      operationId: getOrder
      summary: Get one order
      parameters:
        - {name: expand, in: query, schema: {type: string}}
        - {name: lang, in: query, schema: {type: string, default: en GB}}
        - {$ref: '#/components/parameters/Since'}
        - {name: X-Trace, in: header, required: true, schema: {type: string}}
        - {name: Accept, in: header, required: true, schema: {type: string}}
    patch:
      operationId: updateOrder
      security: [{basic: []}]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Changes'}}}}
    delete:
      deprecated: true
      security: [{}, {key: [], query: []}]
  /orders:
    post:
      operationId: createOrder
      description: |
        Creates an order.

        And says much more about it.
      requestBody:
        required: true
        content:
          application/json; charset=utf-8:
            schema: {$ref: '#/components/schemas/Order'}
  /login:
    post:
      operationId: login
      security: []
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              required: [user, password, grant_type]
              properties:
                user: {type: string, description: "Who\\nlogs in"}
                password: {type: string}
                grant_type: {type: string, enum: [password]}
                keep: {type: boolean, default: false}
components:
  parameters:
    Since: {name: since, in: query, required: true, schema: {type: string, format: date}}
  securitySchemes:
    bearer: {type: http, scheme: bearer}
    basic: {type: http, scheme: basic}
    key: {type: apiKey, in: header, name: X-Api-Key}
    query: {type: apiKey, in: query, name: sig}
  schemas:
    Base:
      type: object
      required: [title]
      properties:
        title: {type: string, maxLength: 80}
        id: {type: string, readOnly: true}
    Order:
      allOf:
        - $ref: '#/components/schemas/Base'
        - type: object
          required: [amount, customer, priority, lines, id]
          properties:
            amount: {type: number, minimum: 0, exclusiveMinimum: true}
            customer:
              type: object
              required: [email]
              properties: {email: {type: string, format: email}, name: {type: string}}
            priority: {type: string, nullable: true, enum: [low, high, null]}
            note: {type: string}
            channel: {type: string, default: web}
            lines: {type: array, minItems: 1, items: {$ref: '#/components/schemas/Line'}}
    Line: {type: object, required: [sku], properties: {sku: {type: string}, qty: {type: integer}}}
    Changes: {type: object, properties: {title: {type: string}, vip: {type: boolean}}}
"""


def imported(*operations: str, document: Any = SHOP) -> Draft:
    (draft,) = from_openapi(document, operations)
    return draft


def refusal(document: Any, operations: list[str] | None = None) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        from_openapi(document, operations)
    (error,) = caught.value.errors
    return error.field, error.message


def with_post(schema: Any, **components: Any) -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {
        "openapi": "3.1.0",
        "servers": [{"url": "https://x.example"}],
        "paths": {"/things": {"post": {"operationId": "make", "requestBody": body}}},
        "components": {"schemas": components},
    }


def test_a_lookup_takes_its_parameters_from_path_and_operation():
    draft = imported("getOrder")
    assert draft.trigger["name"] == "getOrder"
    assert draft.trigger["description"] == "Get one order"
    assert draft.trigger["parameters"]["properties"] == {
        "orderId": {"type": "integer", "minimum": 1},
        "since": {"type": "string", "format": "date"},
        "X_Trace": {"type": "string"},
    }
    request = rendered(draft, {"orderId": 7, "since": "2025-01-31", "X_Trace": "t"})
    assert (request.method, request.url) == ("GET", "https://api.store.com/v1/orders/7?lang=en%20GB&since=2025-01-31")
    assert request.headers == {"Authorization": "Bearer", "X-Trace": "t"}
    assert [(secret.name, secret.value, secret.hosts) for secret in draft.secrets] == [
        ("store_token", None, ("api.store.com",))
    ]
    assert draft.notes == ("Optional, and left out because a template has no conditions: expand.",)


def test_required_fields_of_a_body_become_parameters_in_their_place():
    draft = imported("createOrder")
    assert draft.trigger["description"] == "Creates an order."
    assert draft.trigger["parameters"]["properties"]["amount"]["exclusiveMinimum"] == 0
    arguments = {
        "title": 'A "b"',
        "amount": 2.5,
        "customer_email": "a@example.com",
        "priority": None,
        "lines": [{"sku": "x"}],
    }
    sent = json.loads(rendered(draft, arguments).body or b"")
    assert sent == {
        "title": 'A "b"',
        "amount": 2.5,
        "customer": {"email": "a@example.com"},
        "priority": None,
        "channel": "web",
        "lines": [{"sku": "x"}],
    }
    assert any("customer.name, note" in note for note in draft.notes)


def test_a_body_without_required_fields_is_one_parameter():
    draft = imported("updateOrder")
    request = rendered(draft, {"orderId": 7, "body": {"vip": True}})
    assert json.loads(request.body or b"") == {"vip": True}
    assert request.headers["Authorization"].startswith("Basic")
    assert any("user:password in Base64" in note for note in draft.notes)


def test_an_operation_without_an_id_is_chosen_by_method_and_path():
    draft = imported("DELETE /orders/{orderId}")
    assert (draft.trigger["name"], draft.trigger["confirm"]) == ("delete_order", True)
    assert draft.trigger["integration"]["url"].endswith("/orders/$orderId?sig=$store_sig")
    assert draft.trigger["integration"]["headers"] == [{"key": "X-Api-Key", "value": "$store_api_key"}]
    assert "DELETE /orders/{orderId} is deprecated." in draft.notes


def test_a_form_keeps_what_has_one_value():
    draft = imported("login")
    assert [secret.name for secret in draft.secrets] == ["store_password"]
    assert draft.trigger["parameters"]["properties"] == {"user": {"type": "string", "description": "Who logs in"}}
    assert rendered(draft, {"user": "a&b"}).body == b"user=a%26b&password=&grant_type=password&keep=false"


def test_json_and_yaml_and_the_read_object_are_the_same():
    shop = from_openapi(SHOP)
    assert len(shop) == 5
    document = with_post({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}})
    assert from_openapi(json.dumps(document)) == from_openapi(document)


def test_all_operations_are_taken_when_they_are_few_and_what_cannot_be_sent_is_said():
    document = with_post({"type": "object"})
    document["paths"]["/files"] = {"put": {"operationId": "upload", "requestBody": {"content": {"image/png": {}}}}}
    (draft,) = from_openapi(document)
    assert draft.notes[-1].startswith("Left out: upload takes only image/png")
    assert refusal(document, ["upload"])[0] == "openapi"


def test_many_operations_have_to_be_chosen():
    paths = {f"/a{number}": {"get": {"operationId": f"get{number}"}} for number in range(21)}
    document = {"openapi": "3.1.0", "servers": [{"url": "https://x.example"}], "paths": paths}
    field, message = refusal(document)
    assert field == "operations"
    assert "21 operations" in message
    assert "get20" in message
    assert [draft.trigger["name"] for draft in from_openapi(document, ["get3", "GET /a4"])] == ["get3", "get4"]


def test_an_unknown_operation_is_answered_with_near_ones():
    assert refusal(SHOP, ["getOrdr"]) == (
        "operations",
        "The document has no operation 'getOrdr'. Did you mean getOrder or updateOrder or createOrder?",
    )
    assert "There are: getOrder" in refusal(SHOP, ["zzz"])[1]


def test_circular_schemas_are_cut():
    tree = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "kids": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        },
    }
    draft = imported("make", document=with_post({"$ref": "#/components/schemas/Tree"}, Tree=tree))
    kids = draft.trigger["parameters"]["properties"]["body"]["properties"]["kids"]
    assert kids == {"type": "array", "items": {}}
    assert any("circular" in note for note in draft.notes)
    loop = {
        "allOf": [{"$ref": "#/components/schemas/Loop"}],
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
    }
    assert list(
        imported("make", document=with_post({"$ref": "#/components/schemas/Loop"}, Loop=loop)).trigger["parameters"][
            "properties"
        ]
    ) == ["a"]


def test_a_schema_of_any_size_gives_parameters_within_their_limit():
    wide = {f"f{number}": {"$ref": "#/components/schemas/Wide"} for number in range(60)}
    document = with_post(
        {"$ref": "#/components/schemas/Top"}, Wide={"type": "object", "properties": wide}, Top={"properties": wide}
    )
    assert len(json.dumps(imported("make", document=document).trigger["parameters"])) < 32_768


def test_texts_of_a_document_are_short_and_on_one_line():
    document = with_post(
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "description": "x\n" * 500}}}
    )
    document["paths"]["/things"]["post"]["summary"] = "Do\tthis\x07 \u202eand\u200b that. " * 50
    draft = imported("make", document=document)
    assert len(draft.trigger["description"]) <= 350
    assert draft.trigger["description"].startswith("Do this and that. Do")
    assert len(draft.trigger["parameters"]["properties"]["a"]["description"]) <= 200


def test_dollars_of_a_document_mean_themselves():
    document = with_post(
        {"type": "object", "required": ["a$b"], "properties": {"a$b": {"type": "string"}, "$c": {"default": "$d"}}}
    )
    document["paths"] = {"/$things/{id}": document["paths"]["/things"]}
    request = rendered(imported("make", document=document), {"id": "1", "a_b": "x"})
    assert request.url == "https://x.example/$things/1"
    assert json.loads(request.body or b"") == {"a$b": "x", "$c": "$d"}


def test_names_in_the_vault_are_not_taken_again():
    (draft,) = from_openapi(SHOP, ["getOrder"], {"store_token", "orderId"})
    assert [secret.name for secret in draft.secrets] == ["store_token_2"]
    assert "orderId_2" in draft.trigger["parameters"]["properties"]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("", "is empty"),
        ("just text", "must be an object"),
        ("[]", "must be an object"),
        ("{", "not JSON: Expecting property name"),
        ("a: [", "not YAML"),
        ("swagger: '2.0'", "Swagger 2.0"),
        ("openapi: 4.0.0", "no OpenAPI 3 document"),
        ("openapi: 3.1.0", "no operation"),
        ("openapi: 3.1.0\npaths: {/a: {get: {}}}", "names no host"),
        ("openapi: 3.1.0\nservers: [{url: /v1}]\npaths: {/a: {get: {}}}", "/v1 has no host"),
        ("openapi: 3.1.0\nservers: [{url: 'https://{h}/'}]\npaths: {/a: {get: {}}}", "variable {h} has no default"),
        ("openapi: 3.1.0\nservers: [{url: 'ftp://h/'}]\npaths: {/a: {get: {}}}", "ftp://"),
        ("openapi: 3.1.0\npaths: {/a: {$ref: other.yaml}}", "points outside of the document"),
        ("openapi: 3.1.0\npaths: {/a: {$ref: '#/nowhere'}}", "points to nothing"),
        ("openapi: 3.1.0\npaths: {/a: {$ref: '#/paths/~1a'}}", "leads back to itself"),
        ("a: &a [*a]", "not above it"),
        ("a: *b", "undefined alias|not above it"),
        ("a: \x00", "character"),
        ("x" * (2 * 1024 * 1024 + 1), "larger than 2 MiB"),
        ("- " * 300 + "a", "deeper than 100"),
        ("[" * 100_000, "deeper than 100"),
        ("a: " + "[" * 100_000, "deeper than 100"),
        ({"openapi": "3.1.0", "x": "\ud800"}, "character"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_in_words(document: Any, why: str):
    field, message = refusal(document)
    assert field == "openapi"
    assert any(words in message for words in why.split("|"))


def test_an_alias_bomb_is_refused_before_it_expands():
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert "aliases expand" in refusal(bomb)[1]
    merges = "a0: &a0 {k: v}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 30)
    )
    assert "aliases expand" in refusal(merges)[1]


def test_yaml_is_read_as_its_newer_version_says():
    document = """
openapi: 3.1.0
servers: [{url: https://x.example}]
x-default: &param {in: query, required: true}
paths:
  /a:
    get:
      operationId: no
      summary: 2025-01-31
      parameters:
        - {<<: *param, name: on, schema: {type: string, enum: [yes, no, 1_0]}}
      responses: {200: {description: !!python/object:os.system x}}
"""
    (draft,) = from_openapi(document)
    assert (draft.trigger["name"], draft.trigger["description"]) == ("no", "2025-01-31")
    assert draft.trigger["parameters"]["properties"]["on"]["enum"] == ["yes", "no", "1_0"]
