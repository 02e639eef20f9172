"""What policy, baselines and operation ask of one operation together: for each key the strictest value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gwc.controls.body import media_range
from gwc.controls.spec import Located, size_bytes
from gwc.controls.validation import DEFAULT_LIMITS, Limits, RequestSpec, Strictness, ValidationSpec
from gwc.diagnostics import Findings
from gwc.lowering.context import Context

Level = tuple[ValidationSpec, Located]
_STRICTEST: tuple[Strictness, ...] = ("strict", "schema", "off")


@dataclass(frozen=True, slots=True)
class MediaTypeList:
    """A restriction of media types: ranges, and where it is written."""

    ranges: tuple[str, ...]
    place: Located


@dataclass(frozen=True, slots=True)
class Settings:
    """`parameters` and `body` are `off` where requests are not validated. `media_types`: all of these restrictions hold."""

    parameters: Strictness
    body: Strictness
    formats: bool
    media_types: tuple[MediaTypeList, ...]
    limits: Limits
    watches_responses: bool


NONE = Settings("off", "off", formats=False, media_types=(), limits=DEFAULT_LIMITS, watches_responses=False)


def check(ctx: Context) -> None:
    """Findings for values of later versions, and for media types that are none, each once."""
    for spec, place in (*_general(ctx), *(_own(ctx, name) for name in ctx.spec.operations)):
        if spec is not None:
            _check_one(spec, place, ctx.findings)


def _check_one(spec: ValidationSpec, place: Located, findings: Findings) -> None:
    for key, value, later in (("request", spec.request, "monitor"), ("response", spec.response, "enforce")):
        if value is not None and value.mode == later:
            text = f"validation.{key}.mode: {later} is not yet supported"
            findings.error("GWC021", text, place.at(key, "mode").span(), help="remove it: gwc enforces what it accepts")
    for i, text in enumerate((spec.request.media_types or ()) if spec.request else ()):
        if media_range(text) is None:
            findings.error(
                "GWC022", "this is no media type", place.at("request", "mediaTypes", i).span(), help="for example application/json"
            )


def settings_of(ctx: Context, operation: str) -> Settings:
    """What counts for the operation with this id."""
    levels = [(spec, place) for spec, place in (*_general(ctx), _own(ctx, operation)) if spec is not None]
    if not levels:
        return NONE
    requests = [(spec.request or RequestSpec(), place) for spec, place in levels]
    is_on = _is_on([r for r, _ in requests])
    return Settings(
        parameters=_strictest(r.parameters for r, _ in requests) if is_on else "off",
        body=_strictest(r.body for r, _ in requests) if is_on else "off",
        formats=_asserts([r for r, _ in requests]),
        media_types=tuple(_media_types(requests)) if is_on else (),
        limits=_limits([spec for spec, _ in levels]),
        watches_responses=_watches([spec for spec, _ in levels]),
    )


def _general(ctx: Context) -> Iterator[tuple[ValidationSpec | None, Located]]:
    yield ctx.spec.validation, ctx.place.at("validation")
    for spec, place in ctx.baselines:
        yield spec.validation, place.at("validation")


def _own(ctx: Context, operation: str) -> tuple[ValidationSpec | None, Located]:
    own = ctx.spec.operations.get(operation)
    return own.validation if own else None, ctx.place.at("operations", operation, "validation")


def _is_on(requests: Sequence[RequestSpec]) -> bool:
    """`enforce` somewhere, or no `off`: the section is there."""
    modes = {r.mode for r in requests}
    return "enforce" in modes or "off" not in modes


def _strictest(given: Iterable[Strictness | None]) -> Strictness:
    named = {value for value in given if value is not None}
    return next((value for value in _STRICTEST if value in named), _STRICTEST[0])


def _asserts(requests: Sequence[RequestSpec]) -> bool:
    given = {r.formats for r in requests} - {None}
    return "assert" in given or not given


def _media_types(requests: Iterable[tuple[RequestSpec, Located]]) -> Iterator[MediaTypeList]:
    for request, place in requests:
        if request.media_types is not None:
            found = tuple(r for text in request.media_types if (r := media_range(text)) is not None)
            yield MediaTypeList(found, place.at("request", "mediaTypes"))


def _limits(specs: Sequence[ValidationSpec]) -> Limits:
    sizes = [size_bytes(s.limits.string_bytes) for s in specs if s.limits.string_bytes is not None]
    return Limits(
        json_depth=min((s.limits.json_depth for s in specs if s.limits.json_depth), default=DEFAULT_LIMITS.json_depth),
        json_keys=min((s.limits.json_keys for s in specs if s.limits.json_keys), default=DEFAULT_LIMITS.json_keys),
        array_items=min((s.limits.array_items for s in specs if s.limits.array_items), default=DEFAULT_LIMITS.array_items),
        string_bytes=min(sizes, default=DEFAULT_LIMITS.string_bytes),
    )


def _watches(specs: Sequence[ValidationSpec]) -> bool:
    """Whether a level wants answers to be watched, and the strictest body is not `off`."""
    given = [s.response for s in specs if s.response is not None]
    return any(r.mode != "off" for r in given) and ("schema" in {r.body for r in given} or "off" not in {r.body for r in given})
