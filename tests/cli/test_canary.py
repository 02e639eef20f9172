"""No secret in any output, log, diff, error or traceback: a canary in every place where one can be, through every command and format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

CANARY = "GWCCANARYxSECRETxVALUE"
KEY = "gwc_" + "Q" * 49
FORMATS = ("full", "concise", "json", "sarif", "github")
COMMANDS: tuple[tuple[str, ...], ...] = (
    *(("lint", "--format", f) for f in FORMATS),
    ("compile", "--format", "full"),
    ("compile", "--check"),
    ("explain", "GET /v1/orders/7"),
    ("explain", "GET /v1/orders/7", "--claims", json.dumps({"scope": "orders:read", "secret": CANARY})),
    ("explain", "GET /v1/orders/7", "--header", f"Authorization: Bearer {CANARY}"),
    ("explain", f"GET /v1/orders/7?api_key={CANARY}"),
    ("keys", "list", "consumers.gwc.yaml"),
    ("keys", "check", "consumers.gwc.yaml"),
    ("up", "--for", "1s"),
    ("schema", "--kind", "policy"),
)


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def poison(project: Path) -> None:
        path = project / name
        text = path.read_text(encoding="utf-8")
        assert old in text, (name, old)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return poison


def _jwks(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def poison(project: Path) -> None:
        document = json.loads((project / "jwks.json").read_text(encoding="utf-8"))
        change(document["keys"][0])
        (project / "jwks.json").write_text(json.dumps(document), encoding="utf-8")

    return poison


_JWKS = "jwks: {file: jwks.json}"
POISONS: dict[str, Callable[[Path], None]] = {
    "a secret instead of a reference": _replace("orders.gwc.yaml", _JWKS, f"secret: {CANARY}"),
    "a secret in quotes": _replace("orders.gwc.yaml", _JWKS, f'secret: "{CANARY} {CANARY}"'),
    "a secret under an unknown key": _replace("orders.gwc.yaml", _JWKS, f"{_JWKS}\n    clientSecret: {CANARY}"),
    "a password under an unknown key": _replace("orders.gwc.yaml", _JWKS, f"{_JWKS}\n    password: {CANARY}"),
    "a token in the policy": _replace("orders.gwc.yaml", _JWKS, f"{_JWKS}\n    token: {CANARY}"),
    "a private key in the policy": _replace("orders.gwc.yaml", "privateKey: file:", f"privateKey: {CANARY} #"),
    "a user in a key server's address": _replace("orders.gwc.yaml", _JWKS, f'jwks: {{uri: "https://u:{CANARY}@id.example.com/k"}}'),
    "a key in the consumers' file": _replace("consumers.gwc.yaml", "keys:", f"apiKey: {CANARY}\n    keys:"),
    "a generated key in the consumers' file": _replace("consumers.gwc.yaml", 'digest: "sha256:', f'digest: "{KEY}'),
    "a private member of a public key": _jwks(lambda key: key.update(d=CANARY)),
    "a symmetric key in a public set": _jwks(lambda key: key.update(kty="oct", k=CANARY)),
    "a private member beside an error": _jwks(lambda key: key.update(d=CANARY, kid=7)),
}


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(c)[:40].replace(CANARY, "x"))
def test_no_secret_is_shown(run, project, poison, command):
    POISONS[poison](project)
    before = {p for p in project.rglob("*") if p.is_file()}
    _, out, err = run(*command)
    written = b"".join(p.read_bytes() for p in project.rglob("*") if p.is_file() and p not in before)
    for text in (out, err, written.decode("utf-8", "replace")):
        assert CANARY not in text
        assert KEY not in text


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[0] == "explain"], ids=lambda c: " ".join(c)[:40].replace(CANARY, "x"))
def test_no_secret_of_a_request_is_shown(run, project, command):
    """The policy is good here: only the request that is explained has something to hide."""
    _, out, err = run(*command)
    if "--claims" not in command:  # claims are no secrets; what of them a rule looks at may be told
        assert CANARY not in out + err


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_key_is_in_no_traceback(run, project, monkeypatch, debug):
    """`GWC_DEBUG=1` shows where gwc failed, and nothing that it read."""
    monkeypatch.setenv("GWC_DEBUG", debug)
    monkeypatch.setattr("gwc.controls.jwks.public_keys", lambda *_: 1 / 0)
    monkeypatch.setattr("gwc.lowering.authentication.public_keys", lambda *_: 1 / 0)
    _jwks(lambda key: key.update(d=CANARY))(project)
    code, out, err = run("lint")
    assert code == 5
    assert CANARY not in out + err


def test_a_new_key_is_shown_once(run, project):
    code, out, err = run("keys", "create", "consumers.gwc.yaml", "acme")
    assert code == 0
    key = out.strip()
    assert key.startswith("gwc_")
    assert len(key) == len(KEY)
    assert key not in err
    for command in COMMANDS:
        _, out, err = run(*command)
        assert key not in out + err, command
    files = [p for p in project.rglob("*") if p.is_file()]
    assert not [p for p in files if key.encode() in p.read_bytes()]
