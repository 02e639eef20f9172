"""The names in a client certificate."""

from __future__ import annotations

import base64
import random

import pytest

from gwc.local.certificates import client_certificate, write_certificates
from tests.lua.lua_core import module, to_python
from tests.lua.vectors import vectors

CASES = vectors("certificates")["cases"]


def names(lua, der: bytes):
    found = module(lua, "certificate").names(der.decode("latin-1"))
    return list(to_python(found.uris) or []), list(to_python(found.dns_names) or [])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_names(lua, case):
    assert names(lua, base64.b64decode(case["der"])) == (case["uris"], case["dns"])


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("case", CASES[:4], ids=lambda c: c["name"])
def test_pem(lua, case, ending):
    body = ending.join(case["der"][i : i + 64] for i in range(0, len(case["der"]), 64))
    pem = f"-----BEGIN CERTIFICATE-----{ending}{body}{ending}-----END CERTIFICATE-----{ending}"
    found = module(lua, "certificate").read(pem)
    assert (list(to_python(found.uris) or []), list(to_python(found.dns_names) or [])) == (case["uris"], case["dns"])


def test_a_real_one(lua, tmp_path):
    certificates = write_certificates(tmp_path, ("api.test",), ())
    pair = client_certificate(certificates, ["spiffe://example.com/a", "urn:b"], ["a.example.com"])
    found = to_python(module(lua, "certificate").read(pair.certificate.read_text(encoding="ascii")))
    assert found == {"uris": ["spiffe://example.com/a", "urn:b"], "dns_names": ["a.example.com"]}


@pytest.mark.parametrize(
    "pem",
    ["", "x", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----",
     "-----BEGIN CERTIFICATE-----\nMAA\n-----END CERTIFICATE-----", "-----BEGIN RSA KEY-----\nMAA=\n-----END RSA KEY-----"],
)  # fmt: skip
def test_what_is_no_certificate_has_no_names(lua, pem):
    found = module(lua, "certificate").read(pem)
    assert not to_python(found.uris)
    assert not to_python(found.dns_names)


def test_whatever_is_broken_raises_nothing_and_invents_no_name(lua):
    """One byte of a certificate changed: the names are the old ones, none, or differ in that byte."""
    whole = base64.b64decode(CASES[0]["der"])
    rng = random.Random(3)
    for _ in range(1500):
        at, value = rng.randrange(len(whole)), rng.randrange(256)
        uris, dns_names = names(lua, whole[:at] + bytes([value]) + whole[at + 1 :])
        assert all(u.encode("latin-1") in whole or chr(value) in u for u in (*uris, *dns_names))
        assert len(uris) + len(dns_names) <= 1
