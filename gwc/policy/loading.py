"""From a file to a checked spec: kind, variables, schema; every finding has a place in the text."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gwc import __version__
from gwc.controls.spec import Located, Spec
from gwc.diagnostics import Findings, Label, Problems
from gwc.policy.models import BINDINGS, KINDS, LATER_KINDS, AuthenticationSpec, BaselineSpec, PolicySpec
from gwc.policy.variables import effective, substitute
from gwc.source import Workspace

SpecT = TypeVar("SpecT", bound=Spec)
_NOT_YET = f"not yet supported by gwc {__version__}"
_LATER_TYPES = ("oauth2Introspection",)
_MAX_EXTENDS = 16


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checked document. `place` is its root."""

    path: str
    spec: Spec
    place: Located


def load_spec(
    workspace: Workspace,
    path: str,
    kind: type[SpecT],
    findings: Findings,
    variables: Mapping[str, str] | None = None,
    referrer: Label | None = None,
) -> tuple[SpecT, Located] | None:
    """The document as the spec of this kind, or None after findings. `variables` overrides values of its `vars`."""
    try:
        document = workspace.load(path, referrer)
    except Problems as problems:
        findings.extend(problems.diagnostics)
        return None
    place = Located(document)
    value = document.value
    if not isinstance(value, dict) or not _has_kind(value, kind, place, findings):
        if not isinstance(value, dict):
            findings.error("GWC024", "a document of gwc is a mapping with apiVersion and kind", place.span())
        return None
    if "vars" in kind.model_fields:
        before = findings.error_count
        value = _substituted(value, variables or {}, place, findings)
        if findings.error_count > before:
            return None
    spec = validated(value, kind, place, findings)
    return None if spec is None else (spec, place)


def _has_kind(value: dict[str, Any], kind: type[Spec], place: Located, findings: Findings) -> bool:
    wanted = next(name for name, model in KINDS.items() if model is kind)
    found = value.get("kind")
    if found == wanted:
        return True
    at = place.at("kind").span() if "kind" in value else place.span()
    if isinstance(found, str) and found in LATER_KINDS:
        findings.error("GWC021", f"kind {found} is {_NOT_YET}", at)
    else:
        findings.error("GWC024", f"a document of kind {wanted} is needed here", at, help=f"kind: {wanted}")
    return False


def _substituted(value: dict[str, Any], given: Mapping[str, str], place: Located, findings: Findings) -> dict[str, Any]:
    variables = effective(value.get("vars", {}), given, place.at("vars"), findings)
    used: set[str] = set()
    rest = {k: v for k, v in value.items() if k != "vars"}
    result = cast("dict[str, Any]", substitute(rest, variables, place, findings, used))
    for name in variables.keys() - used:
        findings.warning("GWC025", f"variable {name!r} is not used", place.at("vars", name).key_span())
    if "vars" in value:
        result["vars"] = value["vars"]
    return result


def validated(value: Any, kind: type[SpecT], place: Located, findings: Findings) -> SpecT | None:
    """The value as the spec, or None after one finding per mistake."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            _report(details, value, kind, place, findings)
        return None


def _report(details: ErrorDetails, value: Any, kind: type[Spec], place: Located, findings: Findings) -> None:
    steps = _existing(value, details["loc"])
    here = place.at(*steps)
    name = str(details["loc"][-1]) if details["loc"] else ""
    match details["type"]:
        case "extra_forbidden":
            _report_unknown_key(details["loc"], kind, steps, here, findings)
        case "missing":
            findings.error("GWC023", f"{_dotted(steps) or 'the document'} needs {name!r}", here.key_span())
        case "union_tag_invalid" | "union_tag_not_found":
            _report_type(value, steps, here, findings)
        case _:
            text = details["msg"].removeprefix("Value error, ")
            findings.error("GWC022", f"{_dotted(steps)}: {_uncapitalised(text)}", here.span())


def _uncapitalised(text: str) -> str:
    """The text as it goes on after a colon; names in capitals stay as they are."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _report_unknown_key(
    location: tuple[str | int, ...], kind: type[Spec], steps: tuple[str | int, ...], here: Located, findings: Findings
) -> None:
    *parents, last = location
    name = str(last)
    model = _model_at(kind, parents)
    if model is not None and name in model.LATER:
        findings.error("GWC021", f"{_dotted(steps)} is {_NOT_YET}", here.key_span(), help="remove it: gwc enforces what it accepts")
        return
    known = [f.alias or n for n, f in model.model_fields.items()] if model is not None else []
    near = difflib.get_close_matches(name, [*known, *(model.LATER if model else ())], n=1)
    help_text = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
    findings.error("GWC020", f"unknown key {name!r}", here.key_span(), help=help_text)


def _report_type(value: Any, steps: tuple[str | int, ...], here: Located, findings: Findings) -> None:
    node = value
    for step in steps:
        node = node[step]
    found = node.get("type") if isinstance(node, dict) else None
    if isinstance(found, str) and found in _LATER_TYPES:
        findings.error("GWC021", f"authentication type {found} is {_NOT_YET}", here.at("type").span())
        return
    at = here.at("type").span() if found is not None else here.span()
    findings.error("GWC022", f"{_dotted(steps)}: type must be jwt, apiKey, basic or mutualTLS", at)


def _existing(value: Any, location: Iterable[str | int]) -> tuple[str | int, ...]:
    """The part of pydantic's location that is a path in the document: tags of unions and missing members are left out."""
    steps: list[str | int] = []
    for step in location:
        if (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int) and step < len(value)):
            value = value[step]  # type: ignore[index]
            steps.append(step)
    return tuple(steps)


def _dotted(steps: tuple[str | int, ...]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text


def _model_at(kind: type[Spec], location: Iterable[str | int]) -> type[Spec] | None:
    """The model of the mapping at a location as pydantic gives it (with the tags of unions); None where keys are free."""
    models: list[type[Spec]] = [kind]
    annotation: Any = kind
    for step in location:
        tagged = [m for m in models if len(models) > 1 and step in _tags(m)]
        if tagged:
            models = tagged
            continue
        annotation = _member(models, annotation, step)
        models = _models(annotation)
    return models[0] if models else None


def _tags(model: type[Spec]) -> tuple[Any, ...]:
    return getattr(model.model_fields["type"].annotation, "__args__", ()) if "type" in model.model_fields else ()


def _member(models: list[type[Spec]], annotation: Any, step: str | int) -> Any:
    for model in models:
        for name, field in model.model_fields.items():
            if step in (field.alias or name, name):
                return field.annotation
        if model is AuthenticationSpec:
            return BINDINGS
    arguments = getattr(annotation, "__args__", ())
    return arguments[-1] if arguments and not models else None


def _models(annotation: Any) -> list[type[Spec]]:
    """The models that a value of the annotation itself may be: of `X | None`, `Annotated[X, ...]`, not of lists and maps."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return [m for a in get_args(annotation) for m in _models(a)]
    return []


def load_chain(
    workspace: Workspace, path: str, findings: Findings, variables: Mapping[str, str]
) -> tuple[PolicySpec, Located, tuple[tuple[BaselineSpec, Located], ...]] | None:
    """The policy and every baseline that it extends, directly or not, each once."""
    loaded = load_spec(workspace, path, PolicySpec, findings, variables)
    if loaded is None:
        return None
    spec, place = loaded
    baselines: dict[str, tuple[BaselineSpec, Located]] = {}
    _extend(workspace, path, spec.extends, place, findings, baselines)
    return spec, place, tuple(baselines[k] for k in sorted(baselines))


def _extend(
    workspace: Workspace, path: str, extends: list[str], place: Located, findings: Findings, found: dict[str, tuple[BaselineSpec, Located]]
) -> None:
    for i, text in enumerate(extends):
        at = place.at("extends", i)
        name = beside(path, text)
        if name in found:
            continue
        if len(found) >= _MAX_EXTENDS:
            findings.error("GWC026", f"more than {_MAX_EXTENDS} baselines", at.span())
            return
        loaded = load_spec(workspace, name, BaselineSpec, findings, referrer=Label(at.span(), "named here"))
        if loaded is not None:
            found[name] = loaded
            _extend(workspace, name, loaded[0].extends, loaded[1], findings, found)


def beside(path: str, text: str) -> str:
    """The path, relative to the workspace, of a file that the document at `path` names relative to itself."""
    parts = path.split("/")[:-1]
    for part in text.split("/"):
        if part == "..":
            if not parts:
                return text  # leaves the root: the workspace refuses it with a place
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) if not text.startswith("/") else text
