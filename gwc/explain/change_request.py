"""What could be different about the head of the request: host, target, method and fields."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote, unquote_to_bytes

from gwc.controls.routing import Literal, Segment, Template, parameter_place
from gwc.explain.asked import Asked
from gwc.explain.change import MAX_VALUES, Apply, Change, plain, setting, with_any, with_path
from gwc.explain.judge import Judged
from gwc.explain.matching import match
from gwc.semantics.canonical_path import is_canonical

_IN_SEGMENT = "!$&'()*+,=:@"
_IN_QUERY = "!$&'()*+,=:@/?;[]|%"
_ALIKE = 0.5
"""Paths that have less in common are not meant."""
_OTHER_DEPTH = 0.1
_NEARLY = 0.1
"""Paths that have that much less in common than the best one are not meant either."""


def hosts(judged: Judged) -> Iterator[Change]:
    """Another host, one that has the path if there is any."""
    asked, names = judged.asked, judged.gateway.host_names.names
    serving = [n for n in names if match(judged.gateway, asked.method, asked.path, n).operations]
    for name in (serving or names)[:MAX_VALUES]:
        yield Change("host", name, with_any("call the host", many="call one of the hosts"), setting(host=name), 4)


def targets(judged: Judged) -> Iterator[Change]:
    """Path and query in their canonical spelling."""
    path, question, query = judged.asked.target.partition("?")
    canonical = _canonical(path)
    if canonical != path and is_canonical(canonical):
        yield Change("target", canonical, plain(f"write the path as {canonical}"), with_path(canonical), 4, ("path",))
    if question and not is_canonical(f"/?{query}"):
        written = quote(query, safe=_IN_QUERY)
        if is_canonical(f"/?{written}"):
            yield Change("query", "", plain("percent-encode the query"), _with_query(f"?{written}"), 4)
        else:
            yield Change("query", "", plain("leave out the query"), _with_query(""), 4)


def _with_query(query: str) -> Apply:
    return lambda asked: replace(asked, target=f"{asked.path}{query}")


def _canonical(path: str) -> str:
    """The path that most servers would make of it."""
    kept: list[bytes] = []
    for segment in map(unquote_to_bytes, path.split("/")):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    tail = "/" if path.endswith("/") and kept else ""
    return "/" + "/".join(quote(s, safe=_IN_SEGMENT) for s in kept) + tail


def shorter(judged: Judged) -> Iterator[Change]:
    """Less of a target that is too long."""
    if "?" in judged.asked.target:
        text = f"send a target of at most {judged.gateway.canonical_path.max_uri_bytes} bytes: a shorter query"
        yield Change("query", "", plain(text), _with_query(""), 4)


def paths(judged: Judged) -> Iterator[Change]:
    """Paths that look like the one that is not there."""
    host, asked = judged.sni.lower(), judged.asked
    served = [o for o in judged.gateway.operations if host in o.route.hosts]
    found = {o.route.template.text: _path_of(o.route.template, asked.path) for o in served}
    has_method = {o.route.template.text for o in served if o.route.method == asked.method}
    alike = {text: _likeness(asked.path, path) for text, path in found.items()}
    enough = max(_ALIKE, max(alike.values(), default=0) - _NEARLY)
    best = sorted((t for t in found if alike[t] >= enough), key=lambda text: (text not in has_method, -alike[text], text))
    for path in [found[text] for text in best][:3]:
        yield Change("path", path, with_any("call the path", many="call one of the paths"), with_path(path), 4, ("target",))


def _likeness(given: str, path: str) -> float:
    """From 0 to 1; a path of another depth is less likely to be meant."""
    return difflib.SequenceMatcher(None, given, path).ratio() - (_OTHER_DEPTH if given.count("/") != path.count("/") else 0)


def _path_of(template: Template, path: str) -> str:
    """A path of the template whose parameters are, where possible, what stands at the same place of `path`, counted from its end."""
    given = path.removesuffix("/").split("/")[1:]
    count = len(template.segments)
    aligned = [given[i - count] if count - i <= len(given) else "" for i in range(count)]
    return "/" + "/".join(_segment(s, text) for s, text in zip(template.segments, aligned, strict=True))


def _segment(segment: Segment, text: str) -> str:
    if len(segment) == 1 and not isinstance(segment[0], Literal):
        return text or "1"
    return "".join(p.text if isinstance(p, Literal) else "1" for p in segment)


def methods(judged: Judged) -> Iterator[Change]:
    """The methods that the path has."""
    for method in match(judged.gateway, judged.asked.method, judged.asked.path, judged.sni.lower()).other_methods:
        yield Change("method", method, with_any("use the method", many="use one of the methods"), setting(method=method), 4)


def fields(judged: Judged) -> Iterator[Change]:
    """Without the header fields that are in the way."""
    headers = judged.asked.headers
    odd = [h for h in headers if "_" in h[0]] or list(headers)
    if odd:
        why = ": names of header fields have hyphens, no underscores" if any("_" in n for n, _ in odd) else ""
        text = f"leave out the header fields {', '.join(dict.fromkeys(n for n, _ in odd))}{why}"
        yield Change("fields", "", plain(text), setting(headers=tuple(h for h in headers if h not in odd)), 4)


def with_parameter(asked: Asked, template: Template, name: str, value: bytes) -> str | None:
    """The path with another value of one of its parameters; None where no canonical path has this value."""
    segments: Sequence[str] = asked.path[1:].split("/")
    place = parameter_place(template, name)
    text = f"{place.prefix}{quote(value, safe=_IN_SEGMENT)}{place.suffix}"
    path = "/" + "/".join([*segments[: place.index], text, *segments[place.index + 1 :]])
    return path if value and is_canonical(path) else None
