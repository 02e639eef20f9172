"""What all runtimes must agree on, on the engine of njs and with NGINX's `geo`: the vectors that Python and Lua read, too."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from gwc.controls.zone import Zone
from tests.support.nginx_process import edited, gateway, scripting, serving

pytestmark = pytest.mark.gateway
VECTORS = Path(__file__).resolve().parents[1] / "vectors"
NAMES = ["api_key", "key", "other"]
CALLS = {  # `c` is the case
    "queries": "[carrier().inQuery(c.target, 'api_key').map(hex), carrier().targetWithout(c.target, x.names)]",
    "cookies": "[carrier().inCookies(bytes(c.field), 'key').map(hex), hex(carrier().cookiesWithout(bytes(c.field), x.names))]",
    "certificates": "certificate().names(c)",
    "paths": "claims().find(JSON.parse(c.payload), c.path) === 1",
    "texts": "claims().texts({ x: JSON.parse(c.claim) }, ['x'])",
    "conditions": "authorization().holds(['x', c.kind, c.values], JSON.parse(c.claim))",
    "keys": "await keyProvider().usable(Buffer.from(JSON.stringify({ keys: [c.entry] })), c.algorithms)",
    "sets": "await keyProvider().usable(Buffer.from(c.text), ['ES256'])",
    "percent": "percent(c.text, c.plus)",
    "mediaTypes": "mediaType().read(c.value)[1]",
    "multipart": "parts(multipart().read(bytes(c.body), c.boundary === null ? undefined : c.boundary, c.most))",
    "ascii": "percent(ascii(bytes(c.body)), false)",
    "failures": "JSON.stringify(c.failures.slice(0, 5).map(problem().told))",
    "secrets": "jwk().readSecrets(Buffer.from(c.text), ['HS256', 'HS384', 'HS512'])",
}
CHOICE = " : ".join(f"x.f === {json.dumps(name)} ? {call}" for name, call in CALLS.items())
EACH = f"""await (async function () {{
  function hex(buffer) {{ return buffer.toString('hex'); }}
  function bytes(text) {{ return Buffer.from(text, 'hex'); }}
  function part(p) {{ return {{ name: hex(Buffer.from(p.name)), isFile: p.isFile, contentType: p.contentType, value: hex(p.value) }}; }}
  function parts(found) {{ return Array.isArray(found) ? found.map(part) : found; }}
  const all = [];
  for (let i = 0; i < x.cases.length; i++) {{ const c = x.cases[i]; all.push({CHOICE} : 'no such function'); }}
  return all;
}})()"""


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What the function `f` makes of each of the cases, in their order."""
    with scripting(tmp_path_factory.mktemp("vectors"), EACH) as call:
        yield lambda f, cases: call({"f": f, "cases": cases, "names": NAMES})


def check(wanted: list[Any], found: list[Any], cases: list[Any]) -> None:
    """All at once: a case is a request otherwise."""
    wrong = [(c, w, f) for c, w, f in zip(cases, wanted, found, strict=True) if w != f]
    if wrong:
        pytest.fail(f"{len(wrong)} of {len(cases)}, the first one: {wrong[0]!r}"[:2000])
    assert len(cases) > 5


def hexed(texts: list[str]) -> list[str]:
    return [text.encode("latin-1").hex() for text in texts]


def test_keys_in_the_query(run) -> None:
    cases = vectors("carriers")["queries"]
    check([[hexed(c["values"]), c["without"]] for c in cases], run("queries", cases), cases)


def test_keys_in_cookies(run) -> None:
    """NGINX gives the script all Cookie fields as one."""
    cases = vectors("carriers")["cookies"]
    fields = [{"field": "; ".join(c["fields"]).encode("latin-1").hex()} for c in cases]
    check([[hexed(c["values"]), *hexed([c["without"]])] for c in cases], run("cookies", fields), cases)


def pem(der: str) -> str:
    lines = "\n".join(der[i : i + 64] for i in range(0, len(der), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def test_names_of_certificates(run) -> None:
    """In the order in which they stand in the certificate; DNS names in lower case."""
    cases = vectors("certificates")["cases"]
    found = [names or [] for names in run("certificates", [pem(c["der"]) for c in cases])]
    by_kind = [[[text for kind, text in names if kind == wanted] for wanted in ("uri", "dns")] for names in found]
    check([[c["uris"], [d.lower() for d in c["dns"]]] for c in cases], by_kind, cases)


def test_what_is_no_certificate_has_no_names(run) -> None:
    texts = ["", "x", pem(""), pem("*"), pem("MAA"), pem("MAA="), pem("MAA=").replace("CERTIFICATE", "RSA KEY"), pem("MAA=") * 2]
    assert run("certificates", texts) == [None] * len(texts)


def test_a_broken_certificate_raises_nothing_and_invents_no_name(run) -> None:
    """One byte changed: the names are the old ones, none, or differ in that byte."""
    whole = base64.b64decode(vectors("certificates")["cases"][0]["der"])
    rng = random.Random(3)
    broken = [(rng.randrange(len(whole)), rng.randrange(256)) for _ in range(300)]
    texts = [pem(base64.b64encode(whole[:at] + bytes([value]) + whole[at + 1 :]).decode()) for at, value in broken]
    for (_, value), names in zip(broken, run("certificates", texts), strict=True):
        assert len(names or []) <= 1
        assert all(
            t.encode() in whole.lower() or t.encode() in whole or chr(value).lower() in t.lower() or "\ufffd" in t for _, t in names or []
        )


def test_claims_by_path(run) -> None:
    cases = vectors("claims")["paths"]
    check([c["is_one"] for c in cases], run("paths", cases), cases)


def test_scopes_and_roles(run) -> None:
    cases = vectors("claims")["texts"]
    check([c["texts"] for c in cases], [sorted(set(found)) for found in run("texts", cases)], cases)


def test_conditions_on_claims(run) -> None:
    cases = vectors("claims")["conditions"]
    check([c["holds"] for c in cases], run("conditions", cases), cases)


def test_keys_of_a_set(run) -> None:
    """Those off their curve are found by the import; keys of Edwards curves are not used here."""
    document = vectors("jwk")
    cases = document["cases"]
    entries = [
        {
            "entry": {k: v for k, v in {**document["bases"][c["base"]], **c.get("change", {})}.items() if k not in c.get("remove", ())},
            "algorithms": c["algorithms"],
        }
        for c in cases
    ]
    found = [keys and [key[0] for key in keys.values()] for keys in run("keys", entries)]
    check([c["algorithm"] and [c["algorithm"]] if c["algorithm"] != "EdDSA" else None for c in cases], found, cases)


def test_key_sets(run) -> None:
    cases = vectors("jwk")["sets"]
    check([c["kids"] and sorted("$" + kid for kid in c["kids"]) for c in cases], [f and sorted(f) for f in run("sets", cases)], cases)


def secret(octets: int, **changed: object) -> dict[str, object]:
    text = base64.urlsafe_b64encode(b"x" * octets).rstrip(b"=").decode()
    return {k: v for k, v in {"kty": "oct", "kid": "a", "alg": "HS256", "k": text, **changed}.items() if v is not ...}


SECRETS: list[tuple[list[object], list[str] | None]] = [
    ([secret(32)], ["a"]),
    ([secret(31)], []),
    ([secret(48, alg="HS384")], ["a"]),
    ([secret(47, alg="HS384")], []),
    ([secret(64, alg="HS512")], ["a"]),
    ([secret(63, alg="HS512")], []),
    ([secret(32, alg="RS256")], []),
    ([secret(32, alg="A256GCM"), secret(32, kid="b")], ["b"]),
    ([secret(32, alg=...)], []),
    ([secret(32, use="enc")], []),
    ([secret(32, key_ops=["sign"])], []),
    ([secret(32, use="sig", key_ops=["sign", "verify"])], ["a"]),
    ([secret(32, k="")], []),
    ([secret(32, k=7)], []),
    ([secret(32, kid="")], []),
    ([secret(32, kid=...)], []),
    ([secret(32), secret(32, kid="b")], ["a", "b"]),
    ([secret(32), secret(32)], None),
    ([secret(32), secret(32, use="enc")], None),
    ([secret(32), {**vectors("jwk")["bases"]["ec256"]}], None),
    ([secret(32), 7], None),
]


def test_sets_of_secrets(run) -> None:
    """None: no set at all."""
    texts = [{"text": json.dumps({"keys": keys})} for keys, _ in SECRETS]
    found = [keys and [kid for kid, *_ in keys] for keys in run("secrets", texts)]
    check([kids for _, kids in SECRETS], found, texts)


def test_zones(tmp_path) -> None:
    """`geo` over a parameter of the query instead of the client's address. What is no address never is the client's."""
    document = vectors("zones")
    zones = tuple(Zone(name=name, networks=tuple(networks)) for name, networks in sorted(document["zones"].items()))
    variables = ",".join(f"$gwc_zone_{n}" for n in range(len(zones)))
    asking = (
        "nginx.conf",
        "server_name api.test;\n",
        f'server_name api.test;\n    location = "/|gwc/zones" {{ return 200 "{variables}"; }}\n',
    )
    from_query = [("nginx.conf", f"geo $gwc_zone_{n} {{", f"geo $arg_a $gwc_zone_{n} {{") for n in range(len(zones))]
    ungated = ("nginx.conf", "    rewrite ^ $gwc_route;\n", "")
    with serving(gateway(zones=zones), tmp_path, edited(asking, ungated, *from_query)) as site:
        answers = [site.ask("GET", f"/|gwc/zones?a={c['address']}").body.decode().split(",") for c in document["cases"]]
    found = [[zone.name for zone, inside in zip(zones, answer, strict=True) if inside == "1"] for answer in answers]
    check([sorted(c["zones"]) for c in document["cases"]], found, document["cases"])


def test_escapes(run) -> None:
    cases = vectors("percent")["cases"]
    check([c["value"] for c in cases], run("percent", cases), cases)


def test_bytes_of_forms_are_decoded_at_once_with_their_escapes(run) -> None:
    """Whatever of a character is escaped; None: not UTF-8."""
    rng = random.Random(5)
    edges = [0x00, 0x7F, 0x80, 0xA0, 0xBF, 0xC2, 0xC3, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xFF]
    chosen = [bytes(rng.choice(edges) for _ in range(rng.randint(1, 4))) for _ in range(2000)]
    texts = [b"".join(b"%%%02X" % b if rng.random() < 0.5 else bytes([b]) for b in data) for data in chosen]
    check([_decoded(data) for data in chosen], run("ascii", [{"body": t.hex()} for t in texts]), texts)


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def test_parameters_of_media_types(run) -> None:
    cases = vectors("media_type_parameters")["cases"]
    wanted = [p if p is None else {"$" + name: value for name, value in p.items()} for p in (c["parameters"] for c in cases)]
    check(wanted, run("mediaTypes", cases), cases)


def test_multipart(run) -> None:
    cases = vectors("multipart")["cases"]
    asked = [{"body": c["body"].encode("latin-1").hex(), "boundary": c["boundary"], "most": 500} for c in cases]
    wanted = [c["parts"] and [{**p, "name": hexed([p["name"]])[0], "value": hexed([p["value"]])[0]} for p in c["parts"]] for c in cases]
    check(wanted, run("multipart", asked), cases)


def test_the_most_parts(run) -> None:
    field = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
    asked = [{"body": (field * 3 + "--b--").encode().hex(), "boundary": "b", "most": most} for most in (2, 3)] * 6
    assert [len(found) if found != "limit" else found for found in run("multipart", asked)] == ["limit", 3] * 6


def test_what_is_told_of_failures(run) -> None:
    cases = vectors("failures")["cases"]
    check([c["text"] for c in cases], run("failures", cases), cases)
