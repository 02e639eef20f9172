"""Hostile strings stay strings: in data.lua, in kong.yml and in kong.conf."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwc.backends import kong
from gwc.backends.base import TargetProblems
from gwc.backends.kong.lua_quoting import quote, render
from gwc.backends.kong.openresty import openresty_output
from gwc.controls import jwt
from gwc.controls.authorization_rule import ClaimCondition, ClaimSide
from gwc.controls.base import FileRef
from gwc.controls.consumer import Consumer, ConsumerLimit
from gwc.controls.jwt import FileKeys, Jwt
from gwc.controls.mutual_tls import CertificateName
from gwc.controls.security import Requirement, Security
from gwc.controls.side import ConsumerSide
from gwc.ir import Gateway
from tests.lua.lua_core import new_runtime, to_python
from tests.support.sample import gateway

LUA = new_runtime()
HOSTILE = [
    '"', "\\", "\\\\", '\\"', "\n", "\r\n", "\0", "]]", "]=]", "--", "--[[", '" .. os.exit() .. "', "\\065", "\\z", "é", "\u2028", "\ud800", "%s", "$x",
    "@X@", "{{ x }}", "{% x %}", "\x7f", "\x1b[31m", "end)", "return", "1", "a" * 10_000,
]  # fmt: skip


def as_lua_sees(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@pytest.mark.parametrize("text", HOSTILE)
def test_strings_come_back_as_they_were(text):
    assert LUA.eval(quote(text)) == as_lua_sees(text)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=30))
def test_any_string_comes_back_and_stays_on_its_line(text):
    quoted = quote(text)
    assert LUA.eval(quoted) == as_lua_sees(text)
    assert quoted.isascii()
    assert quoted.isprintable()
    assert "--" not in quoted


@pytest.mark.parametrize("text", HOSTILE)
def test_keys_come_back_as_they_were(text):
    assert list(LUA.eval(render({text: 1})).keys()) == [as_lua_sees(text)]


def test_values():
    value = {"a": [1, True, False, "x"], "end": {}, "B": (), "n": -5}
    assert to_python(LUA.eval(render(value))) == {"a": [1, True, False, "x"], "end": {}, "B": {}, "n": -5}
    with pytest.raises(TypeError):
        render(1.5)


def _jwt(base: Gateway, text: str) -> Jwt:
    key = jwt.EXAMPLES[0].source.keys[0]
    return replace(
        base.jwts[0],
        issuer=text,
        audiences=(text,),
        typ=text,
        scopes_claim=(text,),
        roles_claim=(text, text),
        claims=((text, (text,)),),
        source=FileKeys(keys=(replace(key, kid=text),)),
    )


def _hostile(text: str) -> Gateway:
    """The sample with the text wherever a policy or a document may put one."""
    base = gateway()
    security = Security(alternatives=((Requirement(scheme="oauth", scopes=(text,)),),))
    first, *rest = base.operations
    side = (ClaimSide(name=text), ConsumerSide())
    condition = ClaimCondition(name=text, kind="oneOf", values=(text,))
    rule = replace(
        base.rules[0], id=text, scopes=(text,), roles=(text,), consumers=(text,), zones=(text,), claims=(condition,), equal=(side,)
    )
    limit = ConsumerLimit(id=text, limit=1, window_s=1, burst=1)
    return replace(
        base,
        operations=(replace(first, security=security, id=text, tags=(text,)), *rest),
        jwts=(_jwt(base, text),),
        mutual_tls=(replace(base.mutual_tls[0], names=(CertificateName(kind="uri", value=text, consumer=text),)),),
        consumers=(Consumer(id=text, roles=(text,), limits=(limit,)),),
        zones=(replace(base.zones[0], name=text),),
        rules=(rule,),
        forwarding=replace(base.forwarding, removed_query=(text,), removed_cookies=(text,)),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_policy_with_hostile_strings_is_still_data(text):
    output = kong.compile(_hostile(text))
    data = LUA.execute(output.files["lua/gwc/data.lua"].decode())
    assert data.jwts.oauth.issuer == as_lua_sees(text)
    assert list(data.jwts.oauth.audiences.keys()) == [as_lua_sees(text)]
    seen = as_lua_sees(text)
    assert to_python(data.consumers)[seen]["limits"][0]["id"] == seen
    assert to_python(data.mutual_tls.mtls.uris) == {seen: seen}
    assert to_python(data.rules[1].claims[1]) == {"name": seen, "kind": "oneOf", "values": [seen]}
    assert to_python(data.removed_cookies) == to_python(data.removed_query) == {seen: True}
    assert json.loads(output.files["kong.yml"])["_format_version"] == "3.0"
    for name in ("kong.yml", "kong.conf", "nginx-http.conf", "nginx-proxy.conf"):
        before, after = kong.compile(_hostile("plain")).files[name].decode(), output.files[name].decode()
        assert _without_digest(before) == _without_digest(after), name


def _without_digest(text: str) -> list[str]:
    return [line for line in text.splitlines() if '"digest"' not in line]


@pytest.mark.parametrize(
    "path", ["/a b", "/a#b", "/a,b", "/a;b", "/a\nadmin_listen = 0.0.0.0:8001", "/a$x", "/a{b}", '/a"b', "relative", "", "/é"]
)
def test_paths_that_kong_conf_cannot_hold_are_refused(path):
    listener = replace(gateway().listener_tls, certificate=FileRef(path=path))
    with pytest.raises(TargetProblems, match=r"listener_tls\.certificate"):
        kong.compile(gateway(listener_tls=listener))
    with pytest.raises(TargetProblems):
        openresty_output(gateway(listener_tls=listener))
    with pytest.raises(TargetProblems):
        kong.compile(gateway(), folder=path)


def test_the_nearest_path_is_allowed():
    listener = replace(gateway().listener_tls, certificate=FileRef(path="/etc/gw/tls/server-1_a@b.pem"))
    assert b"ssl_cert = /etc/gw/tls/server-1_a@b.pem\n" in kong.compile(gateway(listener_tls=listener)).files["kong.conf"]
