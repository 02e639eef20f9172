"""The identity that the options of `gwc explain` describe: claims, consumers and certificates, never a secret."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gwc.cli import exit_codes
from gwc.cli.explain_request import Given
from gwc.cli.failure import Failure
from gwc.controls.api_key import ApiKey
from gwc.controls.basic import Basic
from gwc.controls.jwt import Jwt
from gwc.diagnostics import Problems
from gwc.explain import Asked, StandIn, TokenAsked
from gwc.explain.words import carrier
from gwc.ir import Gateway
from gwc.report.harmless import one_line
from gwc.semantics import Certificate, Refusal, api_key
from gwc.source.json_text import parse_json

_MAX_CLAIMS_BYTES = 1024 * 1024


def with_credentials(asked: Asked, gateway: Gateway, schemes: Collection[str], given: Given) -> Asked:
    """The request with what the options say about tokens and keys; `schemes`: those of the operation. Raises Failure."""
    asked = replace(asked, token=_token(gateway, schemes, given))
    for text in given.keys:
        scheme, consumer = _owner("--key", text, _by_use(gateway, gateway.api_keys), schemes)
        if scheme in dict(asked.keys):
            raise Failure(exit_codes.INPUT, f"--key: a request has one key of scheme {scheme}; choose schemes with --key SCHEME=CONSUMER")
        asked = asked.with_key(scheme, consumer)
    if given.basic is not None:
        asked = replace(asked, basic=_owner("--basic", given.basic, _by_use(gateway, gateway.basics), schemes))
    return asked


def certificate(gateway: Gateway, texts: tuple[str, ...]) -> Certificate | None:
    """The client's certificate with these names; None for none. Raises Failure."""
    if not texts:
        return None
    if gateway.listener_tls.client_certificates is None:
        text = f"--cert: policy {gateway.name} does not ask clients for certificates (listener.tls.clientCertificates)"
        raise Failure(exit_codes.INPUT, text)
    names: dict[str, list[str]] = {"uri": [], "dns": []}
    for text in texts:
        kind, colon, value = text.partition(":")
        if not colon or kind not in names or not re.fullmatch(r"[!-~]{1,2000}", value):
            raise Failure(
                exit_codes.INPUT, "--cert is uri: or dns: and a name, such as uri:spiffe://example.com/orders or dns:orders.example.com"
            )
        names[kind].append(value)
    return Certificate(uris=tuple(names["uri"]), dns_names=tuple(names["dns"]))


def _token(gateway: Gateway, schemes: Collection[str], given: Given) -> TokenAsked | None:
    if given.claims is None:
        if given.scheme is not None:
            raise Failure(exit_codes.INPUT, "--scheme says which scheme a token is for: give --claims, too")
        return None
    if not gateway.jwts:
        raise Failure(exit_codes.INPUT, f"--claims: policy {gateway.name} takes no tokens")
    claims = _claims(given.claims)
    return TokenAsked(scheme=_token_scheme(gateway, schemes, given.scheme, claims), claims=claims)


def _token_scheme(gateway: Gateway, schemes: Collection[str], wanted: str | None, claims: dict[str, Any]) -> str:
    known = [j.scheme for j in gateway.jwts]
    if wanted is not None:
        if wanted not in known:
            raise Failure(exit_codes.INPUT, f"--scheme: no such scheme takes tokens{_meant(wanted, known)}; there is {', '.join(known)}")
        return wanted
    possible = [j for j in gateway.jwts if j.scheme in schemes] or list(gateway.jwts)
    by_issuer = [j for j in possible if j.issuer == claims.get("iss")]
    for found in (by_issuer, possible):
        if len(found) == 1:
            return found[0].scheme
    raise Failure(exit_codes.INPUT, f"several schemes take tokens: choose one with --scheme: {', '.join(_names(possible))}")


def _names(controls: Iterable[Jwt | ApiKey | Basic]) -> list[str]:
    return [c.scheme for c in controls]


def _claims(text: str) -> dict[str, Any]:
    try:
        value = parse_json("--claims", _claims_file(text[1:]) if text.startswith("@") else text)
    except Problems as problems:
        first = problems.diagnostics[0]
        raise Failure(
            exit_codes.INPUT, f"--claims, line {first.span.line}, column {first.span.column}: {one_line(first.message)}"
        ) from None
    if not isinstance(value, dict):
        raise Failure(exit_codes.INPUT, '--claims is a JSON object, such as \'{"scope": "orders:read"}\'')
    return value


def _claims_file(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            data = file.read(_MAX_CLAIMS_BYTES + 1)
        if len(data) > _MAX_CLAIMS_BYTES:
            raise Failure(exit_codes.INPUT, f"--claims: the file has more than {_MAX_CLAIMS_BYTES} bytes")
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Failure(exit_codes.INPUT, "--claims: the file is not UTF-8") from None
    except OSError as error:
        raise Failure(exit_codes.INPUT, f"--claims: the file can't be read: {error.strerror}") from None


# --- consumers -----------------------------------------------------------------------------------------------------------


def _owner(option: str, text: str, controls: Sequence[ApiKey | Basic], schemes: Collection[str]) -> tuple[str, str]:
    """Scheme and consumer of `[SCHEME=]CONSUMER`. What was written is not repeated: it could be a key, by mistake."""
    kind = "API keys" if option == "--key" else "Basic"
    if not controls:
        raise Failure(exit_codes.INPUT, f"{option}: the policy has no scheme for {kind}")
    wanted, equals, consumer = text.rpartition("=")
    if equals and wanted not in _names(controls):
        raise Failure(
            exit_codes.INPUT,
            f"{option}: no such scheme is for {kind}{_meant(wanted, _names(controls))}; there is {', '.join(_names(controls))}",
        )
    possible = [c for c in controls if c.scheme == wanted] if equals else list(controls)
    owning = [c for c in possible if any(k.consumer == consumer for k in c.keys)]
    if not owning:
        known = sorted({k.consumer for c in possible for k in c.keys})
        raise Failure(exit_codes.INPUT, f"{option}: no such consumer has a key{_meant(consumer, known)}; {_listed(known)}")
    taken = sorted(c.scheme for c in owning if c.scheme in schemes)
    if len(taken) > 1:
        raise Failure(
            exit_codes.INPUT, f"{option}: several schemes take this consumer's keys: write {' or '.join(f'{s}=CONSUMER' for s in taken)}"
        )
    return (taken or _names(owning))[0], consumer


def _by_use(gateway: Gateway, controls: Sequence[ApiKey | Basic]) -> list[ApiKey | Basic]:
    """The schemes that most operations take first: where no operation is meant, nobody looks at the key anyway."""
    uses = Counter(scheme for operation in gateway.operations for scheme in operation.security.schemes)
    return sorted(controls, key=lambda c: (-uses[c.scheme], c.scheme))


def _listed(known: list[str]) -> str:
    shown = ", ".join(known[:20])
    return f"there is {shown}" + (f" and {len(known) - 20} more" if len(known) > 20 else "")


def _meant(text: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(text, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def require_no_keys(gateway: Gateway, asked: Asked) -> None:
    """Headers, cookies and the query carry no API keys: they would stay in the history of the shell."""
    request = StandIn(gateway).request(asked)
    if isinstance(request, Refusal):
        return
    for control in gateway.api_keys:
        if api_key.is_presented(control, request):
            text = f"{carrier(control)} is for API keys, which do not belong on a command line: name the consumer with --key {control.scheme}=CONSUMER"
            raise Failure(exit_codes.INPUT, text)
