"""The plugin's own answers, and in `header_filter` also those of NGINX and of Kong's core, whose form would depend on Accept."""

from __future__ import annotations

from gwc.backends.kong.fragment import WHOLE, Fragment, Member
from gwc.controls.problem_details import CORE_REASONS, REASONS, TITLES
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """The realm of the challenges and the tables of reasons."""
    return Fragment(
        data=(
            Member("realm", gateway.problem_details.realm, {WHOLE: "*"}),
            Member("statuses", dict(REASONS)),
            Member("titles", dict(TITLES)),
            Member("core_reasons", dict(CORE_REASONS)),
        ),
    )
