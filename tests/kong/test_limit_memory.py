"""How many buckets the dictionaries of limits hold: as many as `maxKeys` says, at the memory that docs/rate-limits.md gives."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gwc.backends.base import Output
from gwc.backends.kong.openresty import openresty_output
from gwc.backends.kong.rate_limit import BUCKET_BYTES, dictionaries
from gwc.controls.side import ConsumerSide
from gwc.local.certificates import write_certificates
from gwc.local.echo import echo
from gwc.local.localise import localise
from gwc.local.processes import openresty, started
from tests.conformance.conformance_hosts import require
from tests.lua.traffic import request
from tests.support.requests import Offer, exchange
from tests.support.sample import NO_BODY, PUBLIC, address_limit, gateway, operation
from tests.support.tokens import identity_provider

pytestmark = pytest.mark.gateway

# Takes a token of so many buckets of each kind of key, until one does not fit. The answer: how many did, and the bytes of the dictionary.
FILL = """
    location = /fill {
      content_by_lua_block {
        local buckets = require "gwc.token_buckets"
        local out = {}
        for name, make in pairs {
          hashed = function(n) return string.format("%032x", n) end,
          address = function(n) return string.format("t8:%08d", n) end,
        } do
          local dictionary = ngx.shared["gwc_limit_" .. name]
          local host = { now = ngx.now, sleep = ngx.sleep, locks = ngx.shared.gwc_limits, buckets = function() return dictionary end }
          local limit = { store = name, limit = 1, window_s = 3600, burst = 5 }
          local count = 0
          while count < 2000000 and buckets.take(host, limit, make(count), 1) do count = count + 1 end
          out[#out + 1] = string.format('"%s": [%d, %d]', name, count, dictionary:capacity())
        end
        ngx.print("{" .. table.concat(out, ",") .. "}")
      }
    }
"""


def limited(max_keys):
    operations = (operation("GET", "/x", PUBLIC, NO_BODY, "o.x"),)
    limit = replace(address_limit(id="address", limit=1, window_s=3600, burst=5, operations=("o.x",)), max_keys=max_keys)
    limits = (limit, replace(limit, id="hashed", key=(ConsumerSide(),)))
    return gateway(operations=operations, rate_limits=limits, jwts=(), api_keys=(), consumers=(), basics=(), mutual_tls=(), rules=())


@pytest.mark.parametrize("max_keys", [100, 5000, 100_000])
def test_a_dictionary_holds_its_keys(tmp_path, max_keys):
    require("openresty")
    source = limited(max_keys)
    certificates = write_certificates(tmp_path / "tls", source.host_names.names, ())
    with echo(None, None) as upstream:
        addresses = {u.name: ("127.0.0.1", upstream.port) for u in source.upstreams}
        local = localise(source, port=1, certificates=certificates, upstreams=addresses, provider=identity_provider())

        def compiled(port, _):
            output = openresty_output(replace(local, listener_tls=replace(local.listener_tls, port=port)))
            text = output.files["nginx.conf"].decode().replace("    location / {", f"{FILL}    location / {{")
            return Output({**output.files, "nginx.conf": text.encode()}, ())

        with started(openresty(), compiled, tmp_path, server_name="api.test", ca=certificates.ca) as running:
            found = json.loads(exchange(running.port, request("", "GET /fill").raw, Offer("api.test"), timeout_s=60).body)
    print(found)
    for name, (count, size) in found.items():
        assert count >= max_keys, (name, count, size)
        assert size / count < 1.2 * BUCKET_BYTES or max_keys == 100, (name, size / count)


def test_sizes_are_in_the_configuration():
    lines = dictionaries(limited(100_000))
    assert [x.split()[2] for x in lines if "gwc_limit_" in x] == ["13125k;"] * 2
