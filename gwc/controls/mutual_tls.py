"""Phase 5: client certificates (OpenAPI 3.1 `mutualTLS`): who a certificate that the listener trusts stands for.

A CA alone would let everybody in to whom it ever gave a certificate: only names in the subject's alternative names count, each of
which belongs to one consumer. The subject's distinguished name is never looked at (RFC 9525 6.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from gwc.controls.base import Node, Place
from gwc.controls.consumer import ConsumerSpec
from gwc.controls.spec import Located, Spec
from gwc.diagnostics import Findings, Label


class MutualTlsSpec(Spec):
    """`authentication.<scheme>` with `type: mutualTLS`: `consumers` names a file of kind Consumers beside the policy."""

    LATER: ClassVar[tuple[str, ...]] = ("mode",)

    type: Literal["mutualTLS"]
    consumers: Annotated[str, StringConstraints(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateName:
    """A name in certificates of a consumer. `value`: a URI, compared as it is, or a DNS name in lower case, compared without regard to case."""

    kind: Literal["uri", "dns"]
    value: str
    consumer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTls(Node):
    """The certificate of the connection, which the listener verified, has in its subject's alternative names at least one of `names`.

    All names that it has lead to the same consumer; otherwise 401 `authn.certificate`. No certificate: the credential is missing.
    """

    STEM: ClassVar[str] = "mutual_tls"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "mutual_tls"

    scheme: str  # name of the OpenAPI security scheme
    names: tuple[CertificateName, ...]  # by kind and value, each once


def certificate_names(owners: Sequence[tuple[ConsumerSpec, Located]], findings: Findings) -> tuple[CertificateName, ...]:
    """The names of all consumers; one that stands twice is a finding."""
    found: dict[tuple[str, str], tuple[CertificateName, Located]] = {}
    for consumer, place in owners:
        for i, spec in enumerate(consumer.certificates):
            kind: Literal["uri", "dns"] = "dns" if spec.uri is None else "uri"
            here = place.at("certificates", i, kind)
            name = CertificateName(kind=kind, value=spec.uri or spec.dns or "", consumer=consumer.id)
            first = found.setdefault((kind, name.value), (name, here))
            if first[1] is not here:
                findings.error("GWC204", "two certificates have the same name", here.span(), Label(first[1].span(), "first here"))
    return tuple(found[key][0] for key in sorted(found))


def _example(kind: Literal["uri", "dns"] = "uri", value: str = "spiffe://example.com/acme", consumer: str = "acme") -> MutualTls:
    return MutualTls(scheme="mtls", names=(CertificateName(kind=kind, value=value, consumer=consumer),))


EXAMPLES = (
    _example(),
    _example(value="spiffe://example.com/other"),
    _example(consumer="other"),
    _example(kind="dns", value="acme.example.com"),
)
