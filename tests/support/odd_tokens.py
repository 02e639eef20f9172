"""Tokens for the policy `identity`: signed with keys that its gateway knows, but odd by seeded chance in header, payload, coding or signature."""

from __future__ import annotations

import json
import random
from typing import Any

from gwc.controls.jwk import Algorithm
from gwc.local.identity_provider import kid
from gwc.semantics.base64url import encode
from tests.support import odd_json
from tests.support.tokens import identity_provider

Pick = random.Random

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ALGORITHMS = ('"ES256"', '"RS256"', '"HS256"', '"none"', '"es256"', '"ES256 "', '["ES256"]', '"PS256"', "null", '"\\u0045S256"')
_KIDS = (
    "local-es256", "local-rs256", "toString", "__proto__", "constructor", "__index", "LOCAL-ES256", "local-es256 ", "local-es256\0", "$local-es256", "k" * 2000,
    "", "1", "\u00e9",
)  # fmt: skip
_ISSUERS = ("https://id.example.com/",) * 12 + ("https://id.example.com", "https://id.example.com//", "HTTPS://id.example.com/", "")
_AUDIENCES = ("https://api.example.com", ["x", "https://api.example.com"], ["https://api.example.com"], "https://api.example.com/", [])
_SUBJECTS = ("alice", "alice", "alice", "bob", "t1", "s" * 255, 'a|b,c;d="e"', "-", "\u00e9", "a b", "s" * 256)
_SCOPES = (
    "read", "read write", "read write", "read write audit", "read write audit", "write", "", " read", "read  write", "READ", ["read", "write"], ["read write"], [],
    ["read", 1], "read\u00a0write", "read\twrite",
)  # fmt: skip
_ACCESS = (
    {"roles": ["admin"]},
    {"roles": ["buyer", "x"]},
    {"roles": "admin buyer"},
    {"roles": []},
    {"Roles": ["admin"]},
    ["admin"],
    {"roles": {"admin": True}},
)
_ORGANISATIONS = (
    {"id": "t1"}, {"id": "t1"}, {"id": "t1"}, {"id": "t2"}, {"id": ["t1"]}, {"id": 1}, "t1", {"id": "t\u00e9"}, {"id": "a b"}, {"id": ""}, {"id": "t%31"},
    {"id": "\ufffd"}, [{"id": "t1"}],
)  # fmt: skip
_TIERS = ("gold", "gold", 7, 7.0, True, "7", 8, "8", "true", None, ["gold"], 1, "Gold", False)
_GROUPS = (["staff"], ["a", "staff"], [["staff"]], "staff", {"0": "staff"}, [], ["Staff"], {"staff": True})
_TIMES = (-100_000, -100, -45, -20, 0, 20, 45, 100, 3600, 100_000)


def token(pick: Pick, now_s: int) -> str:
    """A compact JWS of the moment `now_s`; about every second one is good."""
    algorithm: Algorithm = pick.choice(("ES256", "ES256", "RS256"))
    parts = [_part(pick, _header(pick, algorithm), 0.2), _part(pick, _payload(pick, now_s), 0.3)]
    signed = ".".join(parts)
    return f"{signed}.{encode(_signature(pick, signed.encode('latin-1'), algorithm))}"


def mangled(pick: Pick, text: str) -> str:
    """One small change of a token, a password or a whole value."""
    at = pick.randrange(len(text) + 1)
    more = pick.choice(("A", "z", "-", "_", ".", "+", "/", "=", " ", "\t", '"', "\\", ";", "\u00e9", "\u00a0"))
    return pick.choice((
        text[:at] + text[at + 1 :], text[:at] + more + text[at:], text[:at] + text[at : at + 1].swapcase() + text[at + 1 :], text[:at], text[at:], text + ".", "." + text,
        text + "..", text * 2, text.replace(".", "..", 1), text + "=", text + "\t", text + " x", text + ",", text.upper(), text[::-1],
    ))  # fmt: skip


def with_other_signature(pick: Pick, value: str, other: str) -> str:
    """The value with the last part, or the payload, of another one."""
    mine, theirs = value.split("."), other.split(".")
    if len(mine) != 3 or len(theirs) != 3:
        return value
    at = pick.choice((1, 2))
    return ".".join([*mine[:at], theirs[at], *mine[at + 1 :]])


def _header(pick: Pick, algorithm: Algorithm) -> dict[str, str]:
    members = {"alg": json.dumps(algorithm), "kid": json.dumps(kid(algorithm)), "typ": pick.choice(('"at+jwt"', '"JWT"', "1", '"\u212a"'))}
    if pick.random() < 0.05:
        members["alg"] = pick.choice(_ALGORITHMS)
    if pick.random() < 0.05:
        members["kid"] = json.dumps(pick.choice(_KIDS))
    if pick.random() < 0.02:
        members["crit"] = pick.choice(('["exp"]', "[]", "null", '"x"'))
    return members


def _payload(pick: Pick, now_s: int) -> dict[str, str]:
    """Members of a payload, mostly those of a good token. No time is near a border."""
    registered = {
        "iss": pick.choice(_ISSUERS),
        "aud": pick.choice(_AUDIENCES[: pick.choice((1, 3, 3, 5))]),
        "sub": pick.choice(_SUBJECTS[: pick.choice((3, 7, 7, 11))]),
        "exp": now_s + pick.choice((3600, 3600, 100, 20, -15, 1e6)),
        "iat": now_s - pick.choice((0, 5, 100)),
    }
    claims = {**registered, **{name: value for name, value in _claims(pick).items() if pick.random() < 0.8}}
    if pick.random() < 0.08:
        claims[pick.choice(("exp", "nbf", "iat"))] = now_s + pick.choice(_TIMES) + pick.choice((0, 0.5))
    return {name: json.dumps(value, ensure_ascii=pick.random() < 0.5) for name, value in claims.items()}


def _claims(pick: Pick) -> dict[str, Any]:
    return {
        "scope": pick.choice(_SCOPES),
        "realm_access": pick.choice(_ACCESS),
        "org": pick.choice(_ORGANISATIONS),
        "tier": pick.choice(_TIERS),
        "https://example.com/groups": pick.choice(_GROUPS),
    }


def _part(pick: Pick, members: dict[str, str], oddity: float) -> str:
    """The object in base64url; odd as JSON with this chance, rarely odd as UTF-8 or base64."""
    text = odd_json.changed(pick, members) if pick.random() < oddity else odd_json.plain(members)
    coded = encode(_bytes(pick, text))
    return _odd_base64(pick, coded) if pick.random() < 0.02 else coded


def _bytes(pick: Pick, text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    if pick.random() > 0.02:
        return data
    at = pick.randrange(len(data) + 1)
    broken = (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x28\xa1", b"\x80", b"\xf0\x9f\x98\x80", b"\xc3\xa9")
    return pick.choice((data[:at] + pick.choice(broken) + data[at:], text.encode("utf-16")))


def _odd_base64(pick: Pick, text: str) -> str:
    at, last = pick.randrange(len(text) + 1), text[-1:] or "A"
    other = text[:-1] + _BASE64URL[(_BASE64URL.find(last) + 1) % 64]  # often another spelling of the same bytes
    inside = [text[:at] + c + text[at:] for c in (" ", "\t", "%41", "\u00e9", ".", "=", "~", "+")]
    return pick.choice(
        (text + "=", text + "==", text[:-1], text + "A", text + "AA", other, text.replace("-", "+"), text.replace("_", "/"), "", *inside)
    )


def _signature(pick: Pick, signed: bytes, algorithm: Algorithm) -> bytes:
    made = identity_provider().signature(signed, algorithm)
    return made if pick.random() < 0.92 else _odd_signature(pick, signed, made, algorithm)


def _odd_signature(pick: Pick, signed: bytes, made: bytes, algorithm: Algorithm) -> bytes:
    at, half = pick.randrange(len(made)), len(made) // 2
    other: Algorithm = "RS256" if algorithm == "ES256" else "ES256"
    twin = made[:half] + ((_P256_ORDER - int.from_bytes(made[half:])) % 2**256).to_bytes(half) if algorithm == "ES256" else made  # as good
    return pick.choice((
        twin, made[:-1], made + b"\0", b"\0" + made, bytes(len(made)), b"", made[:at] + bytes([made[at] ^ 1]) + made[at + 1 :], made[half:] + made[:half], made * 2,
        identity_provider().signature(b"x", algorithm), identity_provider().signature(signed, other), b"\xff" * len(made),
    ))  # fmt: skip
