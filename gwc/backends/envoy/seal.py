"""The seal: what makes every request fail that the Lua filters did not let through with their last statement.

An uncaught error in Lua lets a request continue, and so does a filter that a route does not turn on, or whose per-route
configuration names nothing (all measured on 1.40). So every request gets a header before it is routed that Envoy's router refuses
(`strict_check_headers`: 400, details `request_headers_failed_strict_check{..}`, response flag IH). Only a Lua filter that came to
its end takes it off. A seal costs a fiftieth of a request; an RBAC filter that demands metadata costs a fifteenth.

Envoy removes headers of this kind from the requests of clients that are not "internal", after the header was set: then nothing would be
sealed. So every address counts as internal here, the headers of clients are removed before, and the Lua filter demands the seal
before it breaks it: a configuration that seals nothing serves nobody. Where two Lua filters stand behind each other, the first one puts
another seal in the place of this one, and the second one demands that.
"""

from __future__ import annotations

from gwc.backends.envoy.document import Json, header
from gwc.backends.envoy.reply_filter import all_of, has_flag, has_status

HEADER = "x-envoy-max-retries"
VALUE = "sealed"
"""No number: what the router refuses."""


def early() -> Json:
    """The mutation that seals a request. Clients' headers of this name must be gone already."""
    return {"append": header(HEADER, VALUE)}


def connection_manager() -> Json:
    """Members of the connection manager without which there would be no seal."""
    everywhere = [{"address_prefix": "0.0.0.0", "prefix_len": 0}, {"address_prefix": "::", "prefix_len": 0}]  # noqa: S104 - a network
    return {"use_remote_address": True, "internal_address_config": {"cidr_ranges": everywhere}}


def router() -> Json:
    """Members of the router that refuse sealed requests."""
    return {"strict_check_headers": [HEADER]}


def refused() -> Json:
    """Whether an answer is that of the router to a sealed request."""
    return all_of(has_status(400), has_flag("IH"))
