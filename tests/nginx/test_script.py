"""The runtime of njs on its own engine, function by function, with the vectors that Python and Lua read, too."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from gwc.backends.nginx.script import MODULES, bundle
from gwc.backends.nginx.subject_public_key import encode_spki
from gwc.controls.jwk import EcKey, RsaKey
from gwc.resources import runtime_text
from gwc.semantics.jwt import _json_object
from tests.support.nginx_process import scripting
from tests.support.shared import corpora
from tests.support.tokens import identity_provider

pytestmark = pytest.mark.gateway
VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def vectors(name: str):
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs an expression: `f` chooses a function below, `x` is its argument."""
    calls = {
        "media": "body().check({rawHeadersIn: x.fields.map(function (f) { return f; })}, x.rule, 1)",
        "base64url": "(function () { const b = base64url().decode(x.text); return b === null ? null : b.toString('hex'); })()",
        "json": "json().parseObject(Buffer.from(x.hex, 'hex')) !== null",
    }
    choice = " : ".join(f"x.f === {json.dumps(name)} ? {expression}" for name, expression in calls.items()) + " : 'no such function'"
    with scripting(tmp_path_factory.mktemp("script"), choice) as call:
        yield lambda f, **x: call({"f": f, **x})


def test_media_types(run) -> None:
    for case in vectors("media_types")["cases"]:
        rule = {"mediaTypes": case["takes"], "required": True, "maxBytes": 100}
        got = run("media", fields=[["Content-Type", f] for f in case["fields"]], rule=rule)
        assert got == (None if case["accepted"] else "body.contentType"), case


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], None),
        ([["Content-Encoding", "identity"]], None),
        ([["content-encoding", "IDENTITY"], ["Content-Encoding", "\tidentity"]], None),
        ([["Content-Encoding", "gzip"]], "body.encoding"),
        ([["Content-Encoding", "identity, gzip"]], "body.encoding"),
        ([["Content-Encoding", "identity"], ["Content-Encoding", "gzip"]], "body.encoding"),
        ([["Content-Encoding", ""]], None),
    ],
)
def test_content_encoding(run, fields, expected) -> None:
    rule = {"mediaTypes": ["*/*"], "required": True, "maxBytes": 1}
    assert run("media", fields=[["Content-Type", "a/b"], *fields], rule=rule) == expected


def test_the_border_of_the_size(run) -> None:
    fields = [["Content-Type", "a/b"]]
    assert run("media", fields=fields, rule={"mediaTypes": ["*/*"], "required": True, "maxBytes": 1}) is None
    assert run("media", fields=fields, rule={"mediaTypes": ["*/*"], "required": True, "maxBytes": 0}) == "body.size"


def test_base64url(run) -> None:
    table = vectors("base64url")
    for text, expected in table["accepted"].items():
        assert run("base64url", text=text) == expected, text
    for text in table["refused"]:
        assert run("base64url", text=text) is None, text


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"a":1}',
        '{"a":{"a":{"a":[{"a":1},{"a":2}]}}}',
        '{"a":"\\"b\\":", "b":"{"}',
        '{"__proto__":1,"constructor":2}',
        '{"é":1,"e":2}',
        ' {"a" : 1 , "b":\t2}\n',
        '{"a":"\\\\","b":1}',
        '{"a":"\\ud83d\\ude00","b":"\\\\ud800"}',
        '{"a":"' + "\\n" * 20000 + '","b":"' + "x" * 20000 + '"}',
        '{"a":' * 30 + "1" + "}" * 30,
        '{"a":' + "[" * 29 + "1" + "]" * 29 + "}",
        '{"a":1.7976931348623157e308,"b":-5e-324}',
        '{"a" : ":","b":[":",{"c":","}]}',
    ],
)
def test_objects(run, text) -> None:
    assert run("json", hex=text.encode().hex())


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"1", b"null", b'"a"', b"{", b"{}x", b'{"a":1,"a":1}', b'{"a":1,"\\u0061":1}', b'{"a":{"b":1,"b":2}}', b'[{"a":1}]', b'{"a":[{"b":1,"b":1}]}', b'{"a":"\xff"}',
        b'{"a":1e400}', b'{"a":[-1e400]}', b'{"a":"\\ud800"}', b'{"a":"\\ud800\\ud800"}', b'{"a":"\\ude00\\ud83d"}', b'{"a":"\\\\\\uD800"}', b'{"\\udfff":1}',
        b'{"a":' * 31 + b"1" + b"}" * 31, b'{"a":' + b"[" * 30 + b"1" + b"]" * 30 + b"}", b'{"a":1 ,"a" :2}', b'{"a":{"a":":","a"\n:1}}', b'{"a":-01}', b'{"a":1.}', b'{"a":.5}', b'{"a":+1}',
        b'\xef\xbb\xbf{"a":1}', b'{"a":NaN}', b'{"a":01}', b"{'a':1}", b'{"a":1,}', b'{"a":"\n"}', b'{"__proto__":1,"__proto__":2}', b'{"\xc3\xa9":1,"\\u00e9":2}',
    ],
)  # fmt: skip
def test_what_is_no_object_with_unique_members(run, data) -> None:
    assert not run("json", hex=data.hex())


def test_the_bundle_has_every_module_once() -> None:
    text = bundle()
    for module in MODULES:
        assert runtime_text(f"js/{module}.js").count("export default") == 1, module
    assert text.count("export default") == 1
    assert [line for line in text.splitlines() if line.startswith("import ")] == [
        "import given from 'policy.js';",
        "import hashes from 'crypto';",
    ]


def test_public_keys_are_the_ones_of_cryptography() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key  # noqa: PLC0415

    for algorithm in ("RS256", "PS512", "ES256", "ES384", "ES512"):
        der = encode_spki(identity_provider().public_key(algorithm))
        assert load_der_public_key(der).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == der


def test_coordinates_and_numbers_with_leading_zeros() -> None:
    zero = base64.urlsafe_b64encode(b"\0" * 31 + b"\x05").rstrip(b"=").decode()
    key = EcKey(kid="e", algorithm="ES256", crv="P-256", x=zero, y=zero)
    assert encode_spki(key).endswith(b"\x04" + (b"\0" * 31 + b"\x05") * 2)
    small = base64.urlsafe_b64encode(b"\0\x01\0\x01").rstrip(b"=").decode()
    assert encode_spki(RsaKey(kid="r", algorithm="RS256", n=small, e="AQAB")).endswith(bytes.fromhex("0203010001" * 2))


def test_json_of_the_collection(run) -> None:
    """Each text as a member of an object: `y_` must be read, `n_` must not; all as the model reads it."""
    files = [f for f in sorted(corpora("json-parsing").glob("*.json")) if f.stat().st_size < 20000]
    assert len(files) > 150
    for file in files:
        text = b'{"a":' + file.read_bytes() + b"}"
        got = run("json", hex=text.hex())
        assert got == (_json_object(text) is not None), file.name
        assert got or not file.name.startswith("y_"), file.name
        assert not got or not file.name.startswith("n_"), file.name
