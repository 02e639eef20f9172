"""What the codes of the language and of the targets mean; those of files and OpenAPI documents are in `gwc.source.codes`."""

from __future__ import annotations

POLICY_CODES = {
    "GWC020": "an unknown key",
    "GWC021": "a key, kind or value that belongs to a later version of gwc: it is refused, never ignored",
    "GWC022": "a value of the wrong type, form or range",
    "GWC023": "a required key is missing",
    "GWC024": "the file is no document of gwc, or of another kind than is needed here",
    "GWC025": "a variable that is not defined, not used (warning), or has a value of another type",
    "GWC026": "a baseline that can't be used as one",
    "GWC103": "the TLS of an upstream is incomplete, or contradicts its URL",
    "GWC104": "an upstream outside this machine without TLS (warning)",
    "GWC105": "an upstream that is the gateway's own listener",
    "GWC201": "a security scheme is in use, but the policy does not bind it",
    "GWC202": "an authentication entry that binds no scheme of the documents",
    "GWC203": "a JSON Web Key Set that can't be used, or a key of it that is left out (warning)",
    "GWC204": "consumers or API keys that contradict each other",
    "GWC205": "a binding that does not fit the OpenAPI security scheme",
    "GWC206": "a kind of security scheme that this version of gwc can't enforce",
    "GWC207": "a document that says nothing about security, without an `authentication.default`",
    "GWC301": "an operation that only the document or only the policy calls public",
    "GWC302": "a selector or name that matches no operation",
    "GWC303": "two operations answer one request",
    "GWC304": "a path or method that no gateway can serve",
    "GWC305": "an alternative that can't be asked for: without any scheme (`{}`, public by accident), or with two tokens",
    "GWC306": "an upstream that is not defined, or not used (warning)",
    "GWC401": "a request body without a usable media type",
    "GWC501": "two rate limits have one id",
    "GWC901": "a control that a target can't enforce (exit 4)",
    "GWC902": "a choice that a target made (note)",
}
