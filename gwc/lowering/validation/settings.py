"""What policy, baselines and operation ask of one operation together: for each key the strictest value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gwc.controls.body import media_range
from gwc.controls.spec import Located, size_bytes
from gwc.controls.validation import DEFAULT_LIMITS, Limits, LimitsSpec, RequestSpec, Strictness, ValidationSpec
from gwc.diagnostics import Findings
from gwc.lowering.context import Context

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
    """What counts for the operation with this id.

    The section of a policy or baseline is complete: what it leaves out has its default, unless it says `mode: off`. That of an operation
    says only what it tightens; where its policy does not validate it is complete, too, but for what that policy says. So a policy can't
    loosen what its baseline asks for by being silent, and a baseline can't loosen what an operation asks for.
    """
    general = [_Level(spec, place, None) for spec, place in _general(ctx) if spec is not None]
    spec, place = _own(ctx, operation)
    levels = [
        *general,
        *([_Level(spec, place, ctx.spec.validation or ValidationSpec(request=RequestSpec(mode="off")))] if spec is not None else []),
    ]
    if not levels:
        return NONE
    is_on = any(level.request.mode != "off" for level in levels)
    return Settings(
        parameters=_strictest(_given(levels, "parameters", "strict")) if is_on else "off",
        body=_strictest(_given(levels, "body", "strict")) if is_on else "off",
        formats="assert" in _given(levels, "formats", "assert"),
        media_types=tuple(_media_types(levels)) if is_on else (),
        limits=_limits(levels),
        watches_responses=_watches([level.spec for level in levels]),
    )


@dataclass(frozen=True, slots=True)
class _Level:
    spec: ValidationSpec
    place: Located
    under: ValidationSpec | None  # of an operation: the section of its policy

    @property
    def request(self) -> RequestSpec:
        return self.spec.request or RequestSpec()

    def has_default(self, key: str) -> bool:
        """Whether silence about the key, of `request` or `limits`, means the default."""
        if self.request.mode == "off" or self.under is None:
            return self.request.mode != "off"
        said = self.under.limits if key in LimitsSpec.model_fields else self.under.request
        return not _validates(self.under) and getattr(said, key, None) is None


def _validates(spec: ValidationSpec) -> bool:
    return spec.request is None or spec.request.mode != "off"


def _given(levels: Sequence[_Level], key: str, default: Any) -> set[Any]:
    """What the levels say under a key of `request`; the default where nobody says anything."""
    said = {getattr(level.request, key) for level in levels} - {None}
    silent = any(level.has_default(key) and getattr(level.request, key) is None for level in levels)
    return said | {default} if silent or not said else said


def _general(ctx: Context) -> Iterator[tuple[ValidationSpec | None, Located]]:
    yield ctx.spec.validation, ctx.place.at("validation")
    for spec, place in ctx.baselines:
        yield spec.validation, place.at("validation")


def _own(ctx: Context, operation: str) -> tuple[ValidationSpec | None, Located]:
    own = ctx.spec.operations.get(operation)
    return own.validation if own else None, ctx.place.at("operations", operation, "validation")


def _strictest(given: Collection[Strictness]) -> Strictness:
    return next(value for value in _STRICTEST if value in given)


def _media_types(levels: Sequence[_Level]) -> Iterator[MediaTypeList]:
    for level in levels:
        if level.request.media_types is not None:
            found = tuple(r for text in level.request.media_types if (r := media_range(text)) is not None)
            yield MediaTypeList(found, level.place.at("request", "mediaTypes"))


def _limits(levels: Sequence[_Level]) -> Limits:
    def smallest(key: str, default: int) -> int:
        given = [getattr(level.spec.limits, key) for level in levels]
        sizes = [size_bytes(v) if isinstance(v, str) else v for v in given if v is not None]
        silent = any(level.has_default(key) and v is None for level, v in zip(levels, given, strict=True))
        return min([*sizes, default] if silent or not sizes else sizes)

    return Limits(
        json_depth=smallest("json_depth", DEFAULT_LIMITS.json_depth),
        json_keys=smallest("json_keys", DEFAULT_LIMITS.json_keys),
        array_items=smallest("array_items", DEFAULT_LIMITS.array_items),
        string_bytes=smallest("string_bytes", DEFAULT_LIMITS.string_bytes),
    )


def _watches(specs: Sequence[ValidationSpec]) -> bool:
    """Whether a level wants answers to be watched, and the strictest body is not `off`."""
    given = [s.response for s in specs if s.response is not None]
    return any(r.mode != "off" for r in given) and ("schema" in {r.body for r in given} or "off" not in {r.body for r in given})
