"""One rule of validation for each operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gwc.controls.api_key import ApiKey
from gwc.controls.json_schema import JsonSchema
from gwc.controls.validation import OFF, MediaType, Validation
from gwc.diagnostics import Label
from gwc.lowering.context import Context, Served, operation_id
from gwc.lowering.validation import codes, settings
from gwc.lowering.validation.bodies import Bodies, Taken, taken
from gwc.lowering.validation.parameters import Parameters
from gwc.lowering.validation.responses import Responses
from gwc.lowering.validation.schemas import Meaning, Schemas
from gwc.lowering.validation.settings import Settings, settings_of
from gwc.source.openapi_model import OpenApi, Version


class Validator:
    """Makes the rules of one gateway, which share their schemas."""

    def __init__(self, ctx: Context, documents: Mapping[str, OpenApi], api_keys: Iterable[ApiKey]) -> None:
        """Findings for what no level may say, at once."""
        settings.check(ctx)
        self._ctx, self._documents = ctx, documents
        self._query_keys = {k.scheme: k.name for k in api_keys if k.location == "query"}
        self._schemas = Schemas(ctx.findings)
        self._parameters = Parameters(self._schemas, ctx.findings)
        self._bodies = Bodies(self._schemas, ctx.findings)
        self._responses = Responses(self._schemas)
        self._left: dict[str, list[Taken]] = {}

    def schemas(self) -> JsonSchema:
        """What all rules refer to; after the last of them was made."""
        return self._schemas.control(self._ctx.place.span())

    def media_types(self, served: Served) -> tuple[str, ...] | None:
        """The media ranges that are left of those of the document, sorted; None where nothing restricts them."""
        found = settings_of(self._ctx, operation_id(served.source))
        if served.source.request_body is None or not found.media_types:
            return None
        return tuple(t.range for t in self._taken(served, found))

    def rule(self, served: Served, schemes: Iterable[str]) -> Validation:
        """What is asked of the requests of an operation. `schemes`: of its security."""
        found = settings_of(self._ctx, operation_id(served.source))
        rule = replace(OFF, at=lambda: served.source.span, limits=found.limits)
        if found.parameters != "off":
            meaning = self._meaning(served, found, closed=found.parameters == "strict")
            rule = replace(
                rule,
                parameters=self._parameters.of_operation(served.source, self._ctx.spec.apis[served.api].base_path, meaning),
                closed_query=found.parameters == "strict",
                known_query=tuple(sorted({self._query_keys[s] for s in schemes if s in self._query_keys})),
            )
        if found.body != "off" and served.source.request_body is not None:
            rule = replace(rule, media_types=self._media_types(served, found))
        if found.watches_responses:
            meaning = Meaning(self._version(served), "response", found.formats, closed=False)
            rule = replace(rule, responses=self._responses.of_operation(served.source, meaning))
        return OFF if rule.is_off else rule

    def _version(self, served: Served) -> Version:
        return self._documents[served.api].version

    def _meaning(self, served: Served, found: Settings, *, closed: bool) -> Meaning:
        return Meaning(self._version(served), "request", found.formats, closed)

    def _media_types(self, served: Served, found: Settings) -> tuple[MediaType, ...]:
        return self._bodies.media_types(self._taken(served, found), self._meaning(served, found, closed=found.body == "strict"))

    def _taken(self, served: Served, found: Settings) -> list[Taken]:
        if served.key not in self._left:
            self._left[served.key] = self._restricted(served, found)
        return self._left[served.key]

    def _restricted(self, served: Served, found: Settings) -> list[Taken]:
        body = served.source.request_body
        assert body is not None, "only for operations with a body"
        left = taken(body, found.media_types, self._ctx.findings)
        if not left and found.media_types:
            where = Label(found.media_types[-1].place.span(), "the restriction")
            text = f"no media type of {operation_id(served.source)} is left, so no body could be sent"
            help_text = "add one of them to the restriction, or leave the operation out of the document"
            self._ctx.findings.error(codes.NO_MEDIA_TYPE, text, body.cursor.span(), where, help=help_text)
        return left
