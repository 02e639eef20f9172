"""Schemes of the OpenAPI documents, and what the policy binds them to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gwc.controls import api_key, consumer, forwarding, jwt, mutual_tls
from gwc.controls.api_key import ApiKey, ApiKeySpec, KeyDigest
from gwc.controls.basic import Basic, BasicSpec
from gwc.controls.consumer import Consumer, ConsumerSpec
from gwc.controls.jwk import PublicKey
from gwc.controls.jwks import public_keys
from gwc.controls.jwt import Jwt, JwtSpec
from gwc.controls.listener_tls import ListenerTls
from gwc.controls.mutual_tls import MutualTls, MutualTlsSpec
from gwc.controls.spec import Located
from gwc.diagnostics import Label, Problems
from gwc.lowering.context import Context
from gwc.policy.loading import beside, load_spec
from gwc.policy.models import Binding, ConsumersSpec
from gwc.source.openapi_model import ApiOperation, OpenApi, SecurityScheme

_NO_API_KEY_HEADERS = frozenset(
    {*forwarding.OVERWRITTEN, *forwarding.IDENTITY, *forwarding.ALWAYS_REMOVED, "content-type", "content-length", "content-encoding",
     "transfer-encoding", "expect", "cookie", "accept"}
)  # fmt: skip
_PREFIXES_OF_GATEWAYS = ("x-envoy-", "x-gwc-", "x-kong-")
"""Names that gateways set, obey or remove."""
_PARAMETER = {
    "header": re.compile(r"[a-z0-9-]{1,64}"),
    "query": re.compile(r"[A-Za-z0-9._~-]{1,64}"),
    "cookie": re.compile(r"[A-Za-z0-9._-]{1,64}"),
}
_KINDS = {
    JwtSpec: "oauth2, openIdConnect or http bearer",
    ApiKeySpec: "apiKey",
    BasicSpec: "http basic",
    MutualTlsSpec: "mutualTLS",
}

Owner = tuple[ConsumerSpec, Located]


@dataclass(frozen=True, slots=True)
class Bindings:
    """Every bound scheme by kind, by name of the scheme, and the consumers that they know, by id."""

    jwts: tuple[Jwt, ...]
    api_keys: tuple[ApiKey, ...]
    basics: tuple[Basic, ...]
    mutual_tls: tuple[MutualTls, ...]
    consumers: tuple[Consumer, ...]

    @property
    def consumer_schemes(self) -> set[str]:
        """The schemes whose credentials belong to consumers."""
        return {c.scheme for c in self.api_keys} | {c.scheme for c in self.basics} | {c.scheme for c in self.mutual_tls}


@dataclass(slots=True)
class _Found:
    """What is known so far, by name of the scheme. `files`: consumers by path of their file, each read once."""

    jwts: list[Jwt] = field(default_factory=list)
    api_keys: list[ApiKey] = field(default_factory=list)
    basics: list[Basic] = field(default_factory=list)
    mutual_tls: list[MutualTls] = field(default_factory=list)
    files: dict[str, list[Owner]] = field(default_factory=dict)


def bindings(ctx: Context, documents: Mapping[str, OpenApi]) -> Bindings:
    """Every bound scheme; findings for schemes in use that are not, and for bindings without a scheme."""
    found = _Found()
    for scheme, binding in sorted(ctx.spec.authentication.schemes.items()):
        place = ctx.place.at("authentication", scheme)
        declared = [s for d in documents.values() for s in d.security_schemes if s.name == scheme]
        if not declared and scheme != ctx.spec.authentication.default and len(documents) == len(ctx.spec.apis):
            ctx.findings.error("GWC202", f"no OpenAPI document of this policy has a security scheme {scheme!r}", place.key_span())
        _bind(ctx, scheme, binding, declared, place, found)
    _check_default(ctx, documents)
    _check_unbound(ctx, documents)
    _check_carriers(ctx, found.api_keys)
    owners = [owner for path in sorted(found.files) for owner in found.files[path]]
    return Bindings(
        jwts=tuple(found.jwts),
        api_keys=tuple(found.api_keys),
        basics=tuple(found.basics),
        mutual_tls=tuple(found.mutual_tls),
        consumers=consumer.lower(owners, ctx.findings),
    )


def _bind(ctx: Context, scheme: str, binding: Binding, declared: Sequence[SecurityScheme], place: Located, found: _Found) -> None:
    for one in declared:
        if not _fits(binding, one):
            text = f"type {binding.type} does not fit the OpenAPI scheme {scheme!r}: it is for {_KINDS[type(binding)]}"
            ctx.findings.error("GWC205", text, place.at("type").span(), Label(one.span, "declared here"))
            return
    if isinstance(binding, JwtSpec):
        found.jwts.append(_jwt(ctx, scheme, binding, place))
        return
    owners = _consumers(ctx, binding.consumers, place.at("consumers"), found)
    if isinstance(binding, ApiKeySpec):
        control = _api_key(ctx, scheme, declared, _keys(ctx, owners, place), place)
        found.api_keys += [control] if control else []
    elif isinstance(binding, BasicSpec):
        found.basics.append(Basic(at=place.key_span, scheme=scheme, keys=_keys(ctx, owners, place)))
    else:
        found.mutual_tls.append(_mutual_tls(ctx, scheme, owners, place))


def _jwt(ctx: Context, scheme: str, spec: JwtSpec, place: Located) -> Jwt:
    keys: tuple[PublicKey, ...] = ()
    if spec.jwks is not None and spec.jwks.file is not None:
        at = place.at("jwks", "file")
        try:
            document = ctx.workspace.load(beside(ctx.path, spec.jwks.file), Label(at.span(), "named here"))
        except Problems as problems:
            ctx.findings.extend(problems.diagnostics)
        else:
            keys = public_keys(document.value, spec.algorithms, Located(document), ctx.findings)
    return jwt.lower(scheme, spec, keys, place, ctx.findings)


def _consumers(ctx: Context, file: str, at: Located, found: _Found) -> list[Owner]:
    """The consumers of the file with their places."""
    path = beside(ctx.path, file)
    if path not in found.files:
        loaded = load_spec(ctx.workspace, path, ConsumersSpec, ctx.findings, referrer=Label(at.span(), "named here"))
        found.files[path] = [(spec, loaded[1].at("consumers", i)) for i, spec in enumerate(loaded[0].consumers)] if loaded else []
    return found.files[path]


def _keys(ctx: Context, owners: Sequence[Owner], place: Located) -> tuple[KeyDigest, ...]:
    keys = api_key.key_digests([(spec.id, spec.keys, at) for spec, at in owners], ctx.findings)
    if not keys and owners:
        ctx.findings.error("GWC204", "no consumer of the file has a key, so nobody could call", place.at("consumers").span())
    return keys


def _api_key(ctx: Context, scheme: str, declared: Sequence[SecurityScheme], keys: tuple[KeyDigest, ...], place: Located) -> ApiKey | None:
    carriers = {(s.location, _parameter_name(s)): s for s in declared}
    if not carriers:
        ctx.findings.error("GWC202", "an API key needs an OpenAPI scheme that says where it is", place.key_span())
        return None
    if len(carriers) > 1:
        other = Label(list(carriers.values())[1].span, "and here")
        ctx.findings.error("GWC205", f"the documents have {scheme!r} in different places", next(iter(carriers.values())).span, other)
        return None
    (location, name), found = next(iter(carriers.items()))
    assert location is not None, "an API key has a place"
    reason = _no_carrier(location, name)
    if reason:
        text = f"the {location} {name!r} can't hold an API key: {reason}"
        ctx.findings.error("GWC205", text, found.span, help="use one of its own, such as the header X-API-Key")
        return None
    return ApiKey(at=place.key_span, scheme=scheme, location=location, name=name, keys=keys)


def _parameter_name(scheme: SecurityScheme) -> str:
    name = scheme.parameter_name or ""
    return name.lower() if scheme.location == "header" else name


def _no_carrier(location: str, name: str) -> str:
    """Why a header, query parameter or cookie can't hold an API key; empty when it can."""
    if location != "header":
        return "" if _PARAMETER[location].fullmatch(name) else "a name is 1 to 64 letters, digits and -._~, which nothing has to escape"
    if name == "authorization":
        return "Authorization is for tokens and Basic; bind the scheme with type: jwt"
    if "_" in name:
        return "gateways refuse names with an underscore, which servers mistake for another header"
    if not _PARAMETER["header"].fullmatch(name):
        return "a name is 1 to 64 letters, digits and hyphens"
    return "it has another meaning" if name in _NO_API_KEY_HEADERS or name.startswith(_PREFIXES_OF_GATEWAYS) else ""


def _check_carriers(ctx: Context, keys: Sequence[ApiKey]) -> None:
    taken: dict[tuple[str, str], ApiKey] = {}
    for key in keys:
        first = taken.setdefault((key.location, key.name), key)
        if first is not key:
            ctx.findings.error("GWC205", f"two API key schemes read the {key.location} {key.name!r}", key.span, first.span)


def _mutual_tls(ctx: Context, scheme: str, owners: Sequence[Owner], place: Located) -> MutualTls:
    names = mutual_tls.certificate_names(owners, ctx.findings)
    if not names:
        text = "no consumer of the file has a certificate's name: a CA alone would let in everybody whom it ever certified"
        help_text = 'give consumers names: certificates: [{uri: "spiffe://example.com/acme"}] or [{dns: acme.example.com}]'
        ctx.findings.error("GWC208", text, place.at("consumers").span(), help=help_text)
    if ctx.spec.listener.tls.client_certificates is None:
        text = f"scheme {scheme!r} needs client certificates, but the listener does not ask for them"
        help_text = "add listener.tls.clientCertificates: {mode: optional, ca: file:/...}"
        ctx.findings.error("GWC208", text, place.key_span(), help=help_text)
    return MutualTls(at=place.key_span, scheme=scheme, names=names)


def check_certificates(ctx: Context, bound: Bindings, listener: ListenerTls | None) -> None:
    """A finding for a CA whose certificates stand for nobody."""
    if listener is not None and listener.client_certificates is not None and not bound.mutual_tls:
        text = "clients are asked for certificates, but no scheme of type mutualTLS says whose they are"
        at = ctx.place.at("listener", "tls", "clientCertificates").key_span()
        ctx.findings.error("GWC208", text, at, help="bind a mutualTLS scheme under authentication, or remove clientCertificates")


def _check_default(ctx: Context, documents: Mapping[str, OpenApi]) -> None:
    default = ctx.spec.authentication.default
    if default is None:
        return
    at = ctx.place.at("authentication", "default").span()
    if default not in ctx.spec.authentication.schemes:
        ctx.findings.error("GWC202", f"authentication.default names {default!r}, which is not bound", at)
    elif not any(o.security is None for d in documents.values() for o in d.operations):
        ctx.findings.warning("GWC202", "authentication.default is not used: every operation says its security", at)


def _check_unbound(ctx: Context, documents: Mapping[str, OpenApi]) -> None:
    reported: set[str] = set()
    used: set[str] = {ctx.spec.authentication.default or ""}
    for document in documents.values():
        for operation in document.operations:
            named = {s for a in (operation.security.alternatives if operation.security else ()) for s, _ in a}
            used |= named
            for name in named - ctx.spec.authentication.schemes.keys() - reported:
                reported.add(name)
                _report_unbound(ctx, name, document, operation)
    for name in sorted(ctx.spec.authentication.schemes.keys() - used):
        if any(s.name == name for d in documents.values() for s in d.security_schemes) and len(documents) == len(ctx.spec.apis):
            text = f"no operation asks for {name!r}: what the policy says of it protects nothing"
            ctx.findings.error("GWC202", text, ctx.place.at("authentication", name).key_span(), help="remove it, or name it in `security`")


def _report_unbound(ctx: Context, name: str, document: OpenApi, operation: ApiOperation) -> None:
    scheme = next((s for s in document.security_schemes if s.name == name), None)
    labels = [Label(operation.security_span, "needed here")]
    if scheme is not None:
        labels.insert(0, Label(scheme.span))
    help_text = f"add authentication.{name} to the policy"
    ctx.findings.error("GWC201", f"security scheme {name!r} is in use, but the policy does not bind it", *labels, help=help_text)


def _fits(binding: Binding, scheme: SecurityScheme) -> bool:
    """Whether the binding is for schemes of this kind; some documents (Kubernetes') declare a token as an API key in Authorization."""
    if isinstance(binding, MutualTlsSpec):
        return scheme.type == "mutualTLS"
    if isinstance(binding, BasicSpec):
        return scheme.type == "http" and scheme.http_scheme == "basic"
    if isinstance(binding, ApiKeySpec):
        return scheme.type == "apiKey"
    if scheme.type == "apiKey":
        return scheme.location == "header" and (scheme.parameter_name or "").lower() == "authorization"
    return scheme.type in ("oauth2", "openIdConnect") or (scheme.type == "http" and scheme.http_scheme == "bearer")
