"""From a policy and its OpenAPI documents to the IR. All findings are collected; one error, and there is no IR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gwc.controls import canonical_path, client_ip, forwarding, metrics
from gwc.controls.access_log import AccessLog
from gwc.controls.canonical_path import CanonicalPath
from gwc.controls.host_names import HostNames
from gwc.controls.problem_details import ProblemDetails
from gwc.diagnostics import Diagnostic, Findings
from gwc.ir import Gateway
from gwc.lowering import apis, authentication, authorization, network, operations, rate_limit, restrictions, segmentation, store
from gwc.lowering.context import Context
from gwc.lowering.validation import Validator
from gwc.policy.loading import load_chain
from gwc.source import Workspace


@dataclass(frozen=True, slots=True)
class Lowered:
    """What a policy means: the IR, and warnings and notes on the way. `inputs`: path of each file read -> SHA-256 of its bytes."""

    name: str
    gateway: Gateway
    diagnostics: tuple[Diagnostic, ...]
    inputs: Mapping[str, str]


def compile_policy(
    path: Path, *, workspace: Workspace | None = None, root: Path | None = None, variables: Mapping[str, str] | None = None
) -> Lowered:
    """The IR of the policy in this file. Files outside `root` are never read; it defaults to `project_root(path)`. Raises Problems."""
    path = path.resolve()
    workspace = workspace or Workspace(root or project_root(path))
    findings = Findings()
    try:
        name = path.relative_to(workspace.root.resolve()).as_posix()
    except ValueError:
        raise ValueError(f"{path.name} is outside of the project's folder") from None
    chain = load_chain(workspace, name, findings, variables or {})
    gateway = None
    if chain is not None:
        spec, place, baselines = chain
        known = store.of_project(workspace, spec.metadata.name, variables or {}, findings)
        gateway = _gateway(Context(workspace, name, spec, place, baselines, findings, known))
    findings.raise_errors()
    if gateway is None:
        raise AssertionError("no IR and no error")
    return Lowered(gateway.name, gateway, tuple(findings.diagnostics), workspace.digests())


def project_root(path: Path) -> Path:
    """The folder of the nearest `gwc.yaml` above the policy, else of the nearest `.git`, else the policy's own."""
    for marker in ("gwc.yaml", ".git"):
        for folder in path.resolve().parents:
            if (folder / marker).exists():
                return folder
    return path.resolve().parent


def _gateway(ctx: Context) -> Gateway | None:
    """The whole IR, or None after an error."""
    documents = apis.documents(ctx)
    served = apis.served_operations(ctx, documents)
    bound = authentication.bindings(ctx, documents)
    upstreams = restrictions.upstreams(ctx)
    validator = Validator(ctx, documents, bound.api_keys)
    lowered = operations.operations(ctx, served, validator)
    operations.check_public(ctx, documents)
    limits = rate_limit.rate_limits(ctx, served, lowered, bound)
    zones = authorization.zones(ctx)
    network_rules = network.rules(ctx, served, zones)
    rules = authorization.rules(ctx, served, lowered, bound, zones)
    listener = restrictions.listener(ctx, upstreams)
    authentication.check_certificates(ctx, bound, listener)
    counters = metrics.lower(ctx.spec.observability.metrics, ctx.place.at("observability", "metrics"), ctx.findings)
    proxies = client_ip.lower(ctx.spec.listener.client_ip, ctx.place.at("listener", "clientIp"), ctx.findings)
    counted_in = store.used(ctx.store, limits, ctx.findings)
    egress = segmentation.egress(ctx, upstreams, bound.jwts, counted_in)
    if ctx.findings.has_errors or listener is None:
        return None
    name = ctx.spec.metadata.name
    return Gateway(
        name=name,
        listener_tls=listener,
        host_names=HostNames(at=ctx.place.at("apis").key_span, names=tuple(sorted({h for a in ctx.spec.apis.values() for h in a.hosts}))),
        canonical_path=CanonicalPath(
            at=ctx.place.at("listener").key_span,
            max_uri_bytes=restrictions.smallest(ctx, "uri_bytes", canonical_path.DEFAULT_URI_BYTES),
            matrix=any(o.validation.matrix_segments for o in lowered),
        ),
        client_ip=proxies,
        operations=tuple(sorted(lowered, key=lambda o: (o.route.template.text, o.route.method, o.route.hosts))),
        network_rules=network_rules,
        store=counted_in,
        rate_limits=limits,
        jwts=bound.jwts,
        api_keys=bound.api_keys,
        basics=bound.basics,
        mutual_tls=bound.mutual_tls,
        consumers=bound.consumers,
        zones=zones,
        rules=rules,
        json_schema=validator.schemas(),
        upstreams=tuple(sorted(upstreams, key=lambda x: x.name)),
        forwarding=forwarding.lower(bound.api_keys),
        problem_details=ProblemDetails(at=ctx.place.span, realm=name),
        access_log=AccessLog(at=ctx.place.span, format=ctx.spec.observability.access_log.format),
        metrics=counters,
        segmentation=egress,
    )
