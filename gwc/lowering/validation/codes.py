"""The stable codes of what validation can't enforce."""

from __future__ import annotations

from collections.abc import Mapping

STYLE = "GWC402"
CONTENT = "GWC403"
HEADER = "GWC405"
MEDIA_TYPE = "GWC406"
NO_MEDIA_TYPE = "GWC407"
FIELD = "GWC408"
INTRICATE = "GWC409"
NOT_LOOKED_AT = "GWC410"

CODES: Mapping[str, str] = {
    STYLE: "a parameter that can't be read from its text in exactly one way",
    CONTENT: "a parameter whose `content` can't be read, or that has both `schema` and `content`",
    HEADER: "a header parameter that no request can have here, or that gateways replace (note)",
    MEDIA_TYPE: "a media type whose bodies the schema can't be asked about, or that is declared twice",
    NO_MEDIA_TYPE: "an operation none of whose media types `validation.request.mediaTypes` leaves",
    FIELD: "a field of a form that can't be read in exactly one way",
    INTRICATE: "schemas that are too intricate to tell the types of texts",
    NOT_LOOKED_AT: "something of a request that validation does not look at (note)",
}
