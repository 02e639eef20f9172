"""The request that the options of `gwc explain` describe."""

from __future__ import annotations

import ipaddress
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gwc.cli import exit_codes
from gwc.cli.failure import Failure

if TYPE_CHECKING:
    from gwc.explain import Asked, Body
    from gwc.ir import Gateway, Operation

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_FRAMING = {"content-length", "transfer-encoding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options as they were written."""

    decide: bool = False
    host: str | None = None
    client: str | None = None
    claims: str | None = None
    scheme: str | None = None
    keys: tuple[str, ...] = ()
    basic: str | None = None
    certificate: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    body: str | None = None
    body_type: str | None = None
    body_bytes: int | None = None
    at: str | None = None

    @property
    def asks_for_a_decision(self) -> bool:
        """Whether a request is described, more than which operation is meant."""
        texts = (self.client, self.claims, self.scheme, self.basic, self.body, self.body_type, self.at)
        return (
            self.decide
            or self.body_bytes is not None
            or any(t is not None for t in texts)
            or bool(self.keys or self.certificate or self.headers)
        )


def split_request(text: str) -> tuple[str, str]:
    """Method and target of `GET /v1/orders?x=1`. Raises Failure."""
    method, _, target = text.strip().partition(" ")
    target = target.strip()
    _require_text(target)
    if not method.isalpha() or not method.isascii() or not target.startswith("/") or _CONTROL.search(target):
        raise Failure(exit_codes.INPUT, "that is no request: write a method and a path, such as 'GET /v1/orders'")
    return method.upper(), target


def _require_text(*texts: str | None) -> None:
    """Arguments with bytes that are no UTF-8 arrive with surrogates in them, which nothing below has a meaning for."""
    if any(text is not None and not text.isascii() and re.search(r"[\ud800-\udfff]", text) for text in texts):
        raise Failure(exit_codes.INPUT, "options are UTF-8; other bytes of a path are percent-encoded")


def serves(gateway: Gateway, method: str, target: str, given: Given) -> bool:
    """Whether the policy has the operation."""
    from gwc.explain import match  # noqa: PLC0415

    return bool(match(gateway, method, target.partition("?")[0], server_name(given)).operations)


def server_name(given: Given) -> str | None:
    """The host without its port, None when the options name none."""
    return given.host.partition(":")[0].lower() if given.host is not None else None


def asked_of(gateway: Gateway, method: str, target: str, given: Given) -> Asked:
    """The request. Raises Failure for everything that does not fit the policy."""
    from gwc.cli.explain_identity import certificate, require_no_keys, with_credentials  # noqa: PLC0415
    from gwc.explain import Asked  # noqa: PLC0415
    from gwc.explain.asked import SOMEWHERE  # noqa: PLC0415

    _require_text(given.host, given.claims, given.basic, given.body, given.body_type, *given.keys, *given.certificate, *given.headers)
    if "{" in target.partition("?")[0]:
        raise Failure(exit_codes.INPUT, "a decision needs a concrete path: put a value in the place of each {parameter}")
    host = _host(gateway, method, target, given)
    operation = _operation(gateway, method, target, host)
    schemes = operation.security.schemes if operation else ()  # none without an operation
    if given.basic is not None and given.claims is not None:
        raise Failure(exit_codes.INPUT, "a request has one Authorization: give --claims or --basic, not both")
    asked = Asked(
        method=method,
        target=target,
        host=host,
        now_s=_moment(given.at),
        headers=tuple(_header(h) for h in given.headers),
        certificate=certificate(gateway, given.certificate),
        body=_body(given, operation),
        client=SOMEWHERE if given.client is None else _address(given.client),
    )
    require_no_keys(gateway, asked)
    return with_credentials(asked, gateway, schemes, given)


def _host(gateway: Gateway, method: str, target: str, given: Given) -> str:
    from gwc.explain import match  # noqa: PLC0415

    if given.host is not None:
        if not re.fullmatch(r"[!-~]{1,300}", given.host):
            raise Failure(exit_codes.INPUT, "--host is a DNS name, such as orders.example.com")
        return given.host
    path = target.partition("?")[0]
    found = match(gateway, method, path)
    if len(found.operations) > 1:
        hosts = ", ".join(h for o in found.operations for h in o.route.hosts)
        raise Failure(exit_codes.INPUT, f"several hosts have such an operation: choose one with --host: {hosts}")
    if found.operations:
        return found.operations[0].route.hosts[0]
    names = gateway.host_names.names
    return next((n for n in names if match(gateway, method, path, n).other_methods), names[0])


def _operation(gateway: Gateway, method: str, target: str, host: str) -> Operation | None:
    """What the request is for, if there is such an operation."""
    from gwc.explain import match  # noqa: PLC0415

    found = match(gateway, method, target.partition("?")[0], host.partition(":")[0].lower()).operations
    return found[0] if found else None


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text)) if "%" not in text else _refuse_address()
    except ValueError:
        return _refuse_address()


def _refuse_address() -> str:
    raise Failure(exit_codes.INPUT, "--from is an IP address, such as 10.20.0.1 or 2001:db8::1")


def _moment(text: str | None) -> float:
    from gwc.controls.api_key import epoch_seconds  # noqa: PLC0415

    if text is None:
        return time.time()
    try:
        return float(epoch_seconds(text))
    except ValueError as error:
        raise Failure(exit_codes.INPUT, f"--at: {error}") from None


def _header(text: str) -> tuple[str, str]:
    found = _FIELD.fullmatch(text)
    if not found or _CONTROL.search(found[2].replace("\t", "")):
        raise Failure(exit_codes.INPUT, "--header is a name, a colon and a value on one line, such as 'Accept: text/csv'")
    name = found[1].lower()
    if name == "authorization":
        raise Failure(exit_codes.INPUT, "--header: Authorization is said with --claims or --basic; secrets are not given here")
    if name in _FRAMING:
        raise Failure(exit_codes.INPUT, f"--header: {found[1]} follows from --body-bytes")
    return found[1], found[2]


def _body(given: Given, operation: Operation | None) -> Body | None:
    from gwc.explain import Body  # noqa: PLC0415

    if given.body is None and given.body_type is None and given.body_bytes is None:
        return None
    if given.body_type is not None and not re.fullmatch(r"[ -~]{1,200}", given.body_type):
        raise Failure(exit_codes.INPUT, "--body-type is a media type, such as application/json")
    if given.body is None:
        return Body(media_type=given.body_type, size=2 if given.body_bytes is None else given.body_bytes)
    if given.body_bytes is not None:
        raise Failure(exit_codes.INPUT, "--body-bytes follows from --body")
    content = _file(given.body[1:]) if given.body.startswith("@") else given.body.encode()
    has_type = any(name.lower() == "content-type" for name, _ in map(_header, given.headers))
    media_type = given.body_type or (None if has_type else _usual_type(operation))
    return Body(media_type=media_type if content else given.body_type, size=len(content), content=content)


def _usual_type(operation: Operation | None) -> str | None:
    """JSON if the operation takes it, else the first that it takes."""
    from gwc.explain.stand_in import concrete  # noqa: PLC0415

    taken = operation.body.media_types if operation else ()
    return "application/json" if not taken or "application/json" in taken else concrete(taken[0])


def _file(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Failure(exit_codes.INPUT, f"--body: {error.strerror}: {name}") from None
