"""What explain says about requests that are not what the document says."""

from __future__ import annotations

import json

import pytest

POLICY = """\
apiVersion: gwc/v1
kind: Policy
metadata: {name: shop}
apis: {shop: {openapi: openapi.yaml, hosts: [api.test], upstream: shop}}
listener: {tls: {profile: mozilla-intermediate-6.0, certificate: "file:/etc/gw/a.pem", privateKey: "file:/etc/gw/a.key"}}
authorization: {public: [find, make]}
upstreams: {shop: {url: "http://127.0.0.1:8080"}}
validation: {request: {}}
"""
OPENAPI = """\
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /things/{id}:
    get:
      operationId: find
      security: []
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
        - {name: limit, in: query, schema: {type: integer, maximum: 10}}
      responses: {"200": {description: fine}}
  /things:
    post:
      operationId: make
      security: []
      requestBody: {required: true, content: {application/json: {schema: {type: object, properties: {name: {type: string}}}}}}
      responses: {"200": {description: fine}}
"""


@pytest.fixture
def explain(tmp_path, run, monkeypatch):
    (tmp_path / "policy.gwc.yaml").write_text(POLICY)
    (tmp_path / "openapi.yaml").write_text(OPENAPI)
    monkeypatch.chdir(tmp_path)
    return lambda *options: run("explain", *options, "policy.gwc.yaml", "--target", "none")


def test_lists_what_is_validated(explain):
    code, out, _ = explain("GET /things/1")
    assert code == 0
    assert "parameters path id, query limit; no other query parameters" in out


def test_names_what_does_not_hold_and_what_to_leave_out(explain):
    code, out, _ = explain("GET /things/1?limit=11&x=1", "--decide")
    assert code == 1
    assert "400 validate.parameters" in out
    assert "query /limit: maximum; query (whole): unknown" in out
    assert "leave out the query parameter limit" in out
    assert "leave out the query parameters that the document does not have" in out


def test_a_path_parameter_must_be_what_the_document_says(explain):
    code, out, _ = explain("GET /things/a", "--decide")
    assert code == 1
    assert "it would be allowed if this were what the document says: path /id: type" in out


def test_what_is_not_said_of_a_body_is_taken_to_be_valid(explain):
    code, out, _ = explain("POST /things", "--decide")
    assert code == 0
    assert "the body is taken to be valid" in out


@pytest.mark.parametrize(("body", "fine"), [('{"name": "a"}', True), ('{"name": 1}', False)])
def test_a_body_by_its_text(explain, body, fine):
    code, out, _ = explain("POST /things", "--body", body)
    assert code == (0 if fine else 1)
    assert ("body /name: type" in out) != fine


def test_a_body_from_a_file_as_json(explain, tmp_path):
    (tmp_path / "body.json").write_bytes(b"\xff")
    code, out, _ = explain("POST /things", "--body", "@body.json", "--format", "json")
    assert code == 1
    faults = [f for s in json.loads(out)["explanations"][0]["steps"] for f in s["faults"]]
    assert faults == [{"status": 400, "reason": "validate.syntax", "errors": [{"in": "body", "pointer": "", "keyword": "json"}]}]


def test_bytes_follow_from_the_body(explain):
    code, _, err = explain("POST /things", "--body", "{}", "--body-bytes", "3")
    assert code == 2
    assert "--body-bytes follows from --body" in err


def test_a_file_that_is_not_there(explain):
    code, _, err = explain("POST /things", "--body", "@none")
    assert code == 2
    assert "--body" in err
