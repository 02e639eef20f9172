"""What an emitter gives back: lines for the places of the configuration, and where in them each control is enforced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gwc.backends.base import LedgerRow, Note
from gwc.templating import Verbatim

Lines = tuple[Verbatim, ...]

CONFIGURATION = "nginx.conf"
PROBLEMS = "problems.conf"
POLICY = "policy.js"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The line that enforces a control for a subject: the first one of `file` whose text is `line`, blanks around it aside."""

    subject: str
    file: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragments:
    """Lines by place; `rules` has one member of the object for each rule of the plan, `script` functions of policy.js."""

    http: Lines = ()
    server: Mapping[int, Lines] = field(default_factory=dict)  # by index of the server in the plan
    upstream: Mapping[str, Lines] = field(default_factory=dict)  # in the locations of an upstream, by its name
    lanes: tuple[Lines, ...] = ()  # in the location of each lane of the plan
    problems: Lines = ()  # in every server: the gateway's own answers
    rules: Lines = ()
    script: Lines = ()
    usual: Lines = ()  # the function of policy.js for requests that need nothing else
    judged: Mapping[str, Lines] = field(default_factory=dict)  # functions of policy.js by their names, for what is validated
    case: Lines = ()  # the map that says what the script is asked
    imports: Lines = ()  # modules of njs that only some policies need: an import costs each request something
    anchors: tuple[Anchor, ...] = ()
    notes: tuple[Note, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)  # beside those that NGINX reads
    rows: tuple[LedgerRow, ...] = ()  # of these files
