"""What the official schema can't say, and the model that comes out."""

from __future__ import annotations

import json

import pytest

from gwc.report import render_concise, render_full, render_github, render_json, render_sarif
from tests.source.given import accepted, load, minimal, operation, path_parameter, refused, warned


def paths(**items):
    return minimal(paths={path.replace("_", "/"): item for path, item in items.items()})


def one_path(path, *names, **item):
    parameters = [path_parameter(n) for n in names]
    return minimal(paths={path: {"get": operation(parameters=parameters), **item}})


# Paths


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/", ()),
        ("/a/{x}/{y}", ("x", "y")),
        ("/a/{x}.json", ("x",)),
        ("/a/{x}-{y}", ("x", "y")),
        ("/a:verb", ()),
        ("/{pet-id}/{a.b}/{_c}/{$d}", ("pet-id", "a.b", "_c", "$d")),
        ("/a/", ()),
        ("/a*", ()),
    ],
)
def test_templates_that_are_read(tmp_path, path, names):
    (found,) = accepted(tmp_path, one_path(path, *names)).operations
    assert found.path == found.route_path == path


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/a/{x}/{x}", ("x",)),
        ("/a/{x}{y}", ("x", "y")),
        ("/a/{+x}", ("+x",)),
        ("/a/{x*}", ("x*",)),
        ("/a/{x:.*}", ("x:.*",)),
        ("/a/{}", ("",)),
        ("/a/{x y}", ("x y",)),
        ("/a/{x", ()),
        ("/a/x}", ()),
        ("/a/{{x}}", ("x",)),
        ("/a/{b/c}", ("b/c",)),
        ("/a\n", ()),
        ("/a\u202eb", ()),
    ],
)
def test_malformed_templates(tmp_path, path, names):
    assert refused(tmp_path, one_path(path, *names)) == [("GWC804", json.dumps(path))]


@pytest.mark.parametrize("path", ["", "a/b", "{x}"])
def test_paths_begin_with_a_slash(tmp_path, path):
    assert refused(tmp_path, one_path(path)) == [("GWC802", json.dumps(path))]


def test_path_parameters_are_declared_and_used(tmp_path):
    assert refused(tmp_path, one_path("/a/{x}")) == [("GWC805", '"get"')]
    assert refused(tmp_path, one_path("/a", "x")) == [("GWC805", '"x"')]
    accepted(tmp_path, one_path("/a/{x}", "x"))
    accepted(tmp_path, minimal(paths={"/a/{x}": {"parameters": [path_parameter("x")], "get": operation()}}))
    accepted(tmp_path, minimal(paths={"/a/{x}": {}}))


def test_path_parameters_are_required(tmp_path):
    for version in ("3.0.3", "3.1.0"):
        item = {"get": operation(parameters=[path_parameter("x", required=False)])}
        assert refused(tmp_path, minimal(version, paths={"/a/{x}": item}))


def test_equal_templates_are_one_route_only_with_different_methods(tmp_path):
    def item(name, method):
        return {method: operation(parameters=[path_parameter(name)])}

    both = {"/a/{x}": item("x", "get"), "/a/{y}": item("y", "get")}
    assert refused(tmp_path, minimal(paths=both)) == [("GWC806", '"/a/{y}"')]
    different = minimal(paths={"/a/{x}": item("x", "get"), "/a/{y}": item("y", "put")})
    assert warned(tmp_path, different) == [("GWC806", '"/a/{y}"')]
    api, _ = load(tmp_path, different)
    assert [(o.path, o.route_path) for o in api.operations] == [("/a/{x}", "/a/{x}"), ("/a/{y}", "/a/{x}")]
    accepted(tmp_path, minimal(paths={"/a/{x}": item("x", "get"), "/b/{y}": item("y", "get")}))


# Operations


def test_operation_ids_are_unique(tmp_path):
    items = {"/a": {"get": operation(operationId="one")}, "/b": {"get": operation(operationId="two")}}
    accepted(tmp_path, minimal(paths=items))
    items["/b"]["get"]["operationId"] = "one"
    assert refused(tmp_path, minimal(paths=items)) == [("GWC807", '"one"')]
    _, (found,) = load(tmp_path, minimal(paths=items))
    assert len(found.labels) == 2


def test_parameters_are_declared_once(tmp_path):
    def query(name, location="query"):
        return {"name": name, "in": location, "schema": {"type": "string"}, "description": name}

    def document(*parameters, **item):
        return minimal(paths={"/a": {"get": operation(parameters=list(parameters)), **item}})

    accepted(tmp_path, document(query("a"), query("b"), query("A"), query("a", "header")))
    accepted(tmp_path, document(query("a"), parameters=[query("a")]))
    assert refused(tmp_path, document(query("a"), {**query("a"), "required": True})) == [("GWC808", '"a"')]
    assert refused(tmp_path, document(query("a", "header"), query("A", "header"))) == [("GWC808", '"A"')]


def test_trace_is_refused(tmp_path):
    assert refused(tmp_path, minimal(paths={"/a": {"trace": operation()}})) == [("GWC816", '"trace"')]
    accepted(tmp_path, minimal(paths={"/a": {"options": operation()}}))


@pytest.mark.parametrize("method", ["get", "head", "delete"])
def test_bodies_without_meaning_are_warned_of_once(tmp_path, method):
    with_body = operation(requestBody={"content": {"text/plain": {}}})
    assert warned(tmp_path, minimal("3.1.0", paths={"/a": {method: with_body}, "/b": {method: with_body}})) == [("GWC815", '"requestBody"')]
    accepted(tmp_path, minimal("3.1.0", paths={"/a": {"post": with_body}}))


# Security

KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
OAUTH = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://id.test/t", "scopes": {"read": "r", "write": "w"}}}}
BEARER = {"type": "http", "scheme": "Bearer"}
OIDC = {"type": "openIdConnect", "openIdConnectUrl": "https://id.test/.well-known/openid-configuration"}


def secured(*alternatives, version="3.0.3", **schemes):
    schemes = {"key": KEY, "oauth": OAUTH, "bearer": BEARER, "oidc": OIDC, **schemes}
    return minimal(version, paths={"/a": {"get": operation(security=list(alternatives))}}, components={"securitySchemes": schemes})


def test_security_names_what_is_defined(tmp_path):
    accepted(tmp_path, secured({"key": []}))
    assert refused(tmp_path, secured({"nope": []})) == [("GWC809", '"nope"')]
    assert refused(tmp_path, minimal(security=[{"nope": []}])) == [("GWC809", '"nope"')]


def test_scopes_are_for_tokens(tmp_path):
    accepted(tmp_path, secured({"oauth": ["read"], "oidc": ["anything"]}))
    assert refused(tmp_path, secured({"key": ["read"]})) == [("GWC810", '"key"')]
    assert refused(tmp_path, secured({"key": ["read"]}, version="3.1.0")) == [("GWC810", '"key"')]
    assert warned(tmp_path, secured({"oauth": ["read", "ghost"]})) == [("GWC810", '"ghost"')]
    assert warned(tmp_path, secured({"bearer": ["read"]}, {"bearer": ["x"]})) == [("GWC810", '"read"')]
    accepted(tmp_path, secured({"bearer": ["read"]}, version="3.1.0"))


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "http", "scheme": "hoba"},
        {"type": "http", "scheme": "digest"},
        {**KEY, "name": "Host"},
        {**KEY, "name": "content-length"},
        {**KEY, "name": "X-Forwarded-For"},
        {**KEY, "name": 'x";return 200;#'},
        {**KEY, "name": "a b"},
        {**KEY, "name": ""},
        {**KEY, "in": "cookie", "name": "a;b"},
    ],
)
def test_schemes_that_can_t_be_enforced_are_errors_where_they_are_used(tmp_path, scheme):
    assert refused(tmp_path, secured({"bad": []}, bad=scheme)) == [("GWC811", '"bad"')]
    assert warned(tmp_path, secured({"key": []}, bad=scheme)) == [("GWC811", '"bad"')]


def test_an_api_key_in_the_header_of_tokens_is_warned_of(tmp_path):
    assert warned(tmp_path, secured({"key": []}, key={**KEY, "name": "authorization"})) == [("GWC811", '"key"')]
    accepted(tmp_path, secured({"key": []}, key={**KEY, "in": "query", "name": "authorization"}))


def test_keys_and_tokens_do_not_travel_in_clear_text(tmp_path):
    plain = {**OIDC, "openIdConnectUrl": "http://id.test/"}
    assert refused(tmp_path, secured({"key": []}, oidc=plain)) == [("GWC812", '"http://id.test/"')]
    flows = {"clientCredentials": {"tokenUrl": "http://id.test/t", "scopes": {}}}
    assert warned(tmp_path, secured({"key": []}, oauth={"type": "oauth2", "flows": flows})) == [("GWC812", '"http://id.test/t"')]


# Servers


@pytest.mark.parametrize("url", ["https://api.test/v1", "/v1", "https://api.test/a@b", "https://api.test?x=a@b"])
def test_servers_that_are_fine(tmp_path, url):
    assert accepted(tmp_path, minimal(servers=[{"url": url}])).server_urls[0][0] == url


@pytest.mark.parametrize("place", ["document", "path", "operation", "token"])
@pytest.mark.parametrize("url", ["https://user:GWCSECRET@api.test", "https://GWCSECRET@api.test/v1", "https://u:p@GWCSECRET@api.test"])
def test_a_secret_in_a_url_is_an_error_and_is_never_shown(tmp_path, url, place):
    document = minimal()
    holders = {"document": document, "path": document["paths"]["/pets/{petId}"], "operation": document["paths"]["/pets/{petId}"]["get"]}
    if place == "token":
        flows = {"clientCredentials": {"tokenUrl": url, "scopes": {}}}
        document["components"] = {"securitySchemes": {"o": {"type": "oauth2", "flows": flows}}}
    else:
        holders[place]["servers"] = [{"url": url}]
    _, found = load(tmp_path, document)
    assert [d.code for d in found] == ["GWC813"]
    text = json.dumps(document, indent=1)
    shown = render_full(found, lambda _: text, color=False) + render_full(found, lambda _: text.replace("\n", ""), color=True)
    shown += render_concise(found) + render_json(found) + render_sarif(found) + render_github(found)
    assert "GWCSECRET" not in shown


def test_servers_that_say_less_than_they_seem_to(tmp_path):
    variables = {"h": {"default": "a"}}
    assert warned(tmp_path, minimal(servers=[{"url": "http://api.test"}])) == [("GWC814", '"http://api.test"')]
    assert warned(tmp_path, minimal(servers=[{"url": "https://{h}/v1", "variables": variables}])) == [("GWC814", '"https://{h}/v1"')]
    assert warned(tmp_path, minimal(servers=[{"url": "https://a/{v}"}])) == [("GWC814", '"https://a/{v}"')]
    accepted(tmp_path, minimal(servers=[{"url": "https://a/{h}", "variables": variables}]))


# The model


def test_operations_inherit(tmp_path):
    shared = [{"name": "q", "in": "query", "schema": {}}, {"name": "X-A", "in": "header", "schema": {}}]
    own = [{"name": "q", "in": "query", "required": True, "schema": {}}, {"$ref": "#/components/parameters/Id"}]
    post = operation(parameters=own, security=[{"key": []}, {"oauth": ["read"], "key": []}, {}], tags=["a", "b"], operationId="make")
    post["requestBody"] = {"$ref": "#/components/requestBodies/B"}
    document = minimal(
        security=[{"oauth": []}],
        paths={
            "/a/{id}": {"parameters": shared, "post": post, "get": operation(parameters=[path_parameter("id")]), "x-get": 1},
            "x-other": {},
        },
        components={
            "securitySchemes": {"key": KEY, "oauth": OAUTH},
            "parameters": {"Id": path_parameter("id")},
            "requestBodies": {"B": {"required": True, "content": {"text/plain": {}, "application/json": {"schema": {}}}}},
        },
    )
    api = accepted(tmp_path, document)
    made, got = api.operations
    assert (made.method, made.path, made.operation_id, made.tags) == ("POST", "/a/{id}", "make", ("a", "b"))
    assert [(p.location, p.name, p.required) for p in made.parameters] == [
        ("header", "X-A", False),
        ("path", "id", True),
        ("query", "q", True),
    ]
    assert made.security.alternatives == ((("key", ()),), (("oauth", ("read",)), ("key", ())), ())
    assert (made.security_is_own, got.security_is_own) == (True, False)
    assert got.security is api.security
    assert got.security.alternatives == ((("oauth", ()),),)
    assert made.request_body.required is True
    assert [m for m, _ in made.request_body.media_types] == ["text/plain", "application/json"]
    assert got.request_body is None
    assert [(s.name, s.type, s.scopes) for s in api.security_schemes] == [("key", "apiKey", ()), ("oauth", "oauth2", ("read", "write"))]
    assert len({str(s) for s in (made.span, made.path_span, made.id_span, made.security_span, got.span)}) == 5
    assert str(got.id_span) == str(got.span)


def test_no_security_nobody_and_everybody_are_three_things(tmp_path):
    items = {"/none": {"get": operation()}, "/public": {"get": operation(security=[])}}
    none, public = accepted(tmp_path, minimal(paths=items)).operations
    assert none.security is None
    assert public.security.alternatives == ()
    schemes = {"securitySchemes": {"key": KEY}}
    none, public = accepted(tmp_path, minimal(paths=items, security=[{"key": []}], components=schemes)).operations
    assert none.security.alternatives == ((("key", ()),),)
    assert public.security.alternatives == ()


def test_a_document_without_paths_has_no_operations(tmp_path):
    assert accepted(tmp_path, minimal(paths={})).operations == ()
    document = minimal("3.1.0", components={})
    del document["paths"]
    assert accepted(tmp_path, document).operations == ()
