"""From a path to a checked OpenAPI document.

In this order, each pass only when those before found no error: version, references and structure, model, meaning.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import cast

from gwc.diagnostics import Findings, Label, Problems, Span
from gwc.source import codes
from gwc.source.cursor import Cursor
from gwc.source.kinds import Kind
from gwc.source.meaning import check_meaning
from gwc.source.openapi_build import build
from gwc.source.openapi_model import OpenApi, Version
from gwc.source.schema_lint import check_dialect
from gwc.source.structure import StructureCheck
from gwc.source.text import shown
from gwc.source.walk import Walk
from gwc.source.workspace import Workspace

_VERSION = re.compile(r"(3\.[01])\.[0-9]{1,9}(?:-[0-9A-Za-z.-]+)?")


def load_openapi(workspace: Workspace, path: str, findings: Findings, referrer: Label | None = None) -> OpenApi | None:
    """The document at a path below the root; None when there are errors, which are in `findings` then.

    Warnings are added in any case. Nothing is fetched, and no file outside the root is read.
    """
    try:
        root = Cursor.root(workspace.load(path, referrer))
        version = _version(root, findings)
        return _load(root, version, findings) if version else None
    except Problems as problems:
        findings.extend(d for d in problems.diagnostics if d not in findings.diagnostics)
        return None


def _load(root: Cursor, version: Version, findings: Findings) -> OpenApi | None:
    mine = Findings()
    try:
        _check_form(root, version, mine)
        if mine.has_errors:
            return None
        api = build(root, version)
        check_meaning(api, mine)
    finally:
        findings.extend(sorted(mine.diagnostics, key=lambda d: (d.span, d.code, d.message)))
    return None if mine.has_errors else api


def _version(root: Cursor, findings: Findings) -> Version | None:
    place = root.get("openapi")
    if place is None:
        _complain_about_version(root, findings)
        return None
    if not isinstance(place.value, str):
        findings.error(codes.VERSION, "the version must be text", place.span(), help='quote it: "3.0.3"')
        return None
    match = _VERSION.fullmatch(place.value)
    if not match:
        message = f"OpenAPI {shown(place.value)} is not supported"
        findings.error(codes.VERSION, message, place.span(), help="gwc reads OpenAPI 3.0 and 3.1")
        return None
    return cast("Version", match.group(1))


def _complain_about_version(root: Cursor, findings: Findings) -> None:
    swagger = root.get("swagger")
    if swagger:
        findings.error(codes.VERSION, "Swagger 2.0 is not supported", swagger.span(key=True), help="convert the document to OpenAPI 3")
    else:
        findings.error(codes.VERSION, "this is no OpenAPI document: the member 'openapi' is missing", Span(root.document.path, 1, 1))


def _check_form(root: Cursor, version: Version, findings: Findings) -> None:
    """References and structure. Both always run: one mistake in a reference must not hide the others."""
    dialect = root.get("jsonSchemaDialect")
    if dialect and version == "3.1":
        check_dialect(dialect, findings)
    walk = Walk(version, findings)
    walk.run(root.document)
    check = StructureCheck(version, walk.misplaced, findings)
    check.check(root, Kind.OPENAPI)
    if version == "3.0":
        check.check_names(root)
    for (_, _, kind), target in walk.targets.items():
        if not target.is_reference:
            check.check(target, kind)
    if check.hidden:
        findings.error(codes.STRUCTURE, f"{check.hidden} more structural errors are not shown", root.span())
    _warn_of_misplaced(walk, findings, version)


def _warn_of_misplaced(walk: Walk, findings: Findings, version: Version) -> None:
    """One warning for each file: documents that do this do it often."""
    count = Counter(path for path, _ in walk.misplaced)
    for (path, pointer), target in walk.misplaced.items():
        if path not in count:
            continue
        document = walk.document(path)
        more = f" (and {count[path] - 1} more in this file)" if count[path] > 1 else ""
        message = f"OpenAPI {version} has no $ref here; it was read as its target{more}"
        findings.warning(codes.REFERENCE_PLACE, message, document.span((*pointer, "$ref")), target.span())
        del count[path]
