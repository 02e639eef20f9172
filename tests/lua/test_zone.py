"""Which zones an address is in."""

from __future__ import annotations

import ipaddress
import random

import pytest

from tests.lua.lua_core import module, to_lua
from tests.lua.vectors import vectors

VECTORS = vectors("zones")


@pytest.fixture(scope="module")
def zones(lua):
    zone = module(lua, "zone")
    return {name: zone.prepare(to_lua(lua, networks)) for name, networks in VECTORS["zones"].items()}


def zones_of(lua, zones, address):
    zone = module(lua, "zone")
    found = zone.bytes(address)
    return sorted(name for name, prepared in zones.items() if zone.contains(prepared, found))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda c: c["address"])
def test_addresses(lua, zones, case):
    assert zones_of(lua, zones, case["address"]) == case["zones"]


@pytest.mark.parametrize("text", VECTORS["nowhere"])
def test_what_is_no_address_is_nowhere(lua, zones, text):
    assert module(lua, "zone").bytes(text) is None
    assert zones_of(lua, zones, text) == []


def test_any_address_is_read_as_python_reads_it(lua):
    rng = random.Random(7)
    zone = module(lua, "zone")
    for _ in range(3000):
        groups = [rng.choice([0, 0, 0, 1, 0xFFFF, rng.getrandbits(16)]) for _ in range(8)]
        address = ipaddress.IPv6Address(b"".join(g.to_bytes(2) for g in groups))
        wanted = (address.ipv4_mapped or address).packed.decode("latin-1")
        assert zone.bytes(str(address)) == zone.bytes(address.exploded) == wanted, address
        four = ipaddress.IPv4Address(rng.getrandbits(32))
        assert zone.bytes(str(four)) == four.packed.decode("latin-1")


def test_any_prefix(lua):
    rng = random.Random(8)
    zone = module(lua, "zone")
    for _ in range(2000):
        family = rng.choice([ipaddress.IPv4Address, ipaddress.IPv6Address])
        width = 32 if family is ipaddress.IPv4Address else 128
        bits = rng.randint(0, width)
        inside = rng.getrandbits(width)
        network = ipaddress.ip_network((inside, bits), strict=False)
        other = family(inside ^ (1 << rng.randrange(width)))
        prepared = zone.prepare(to_lua(lua, [str(network)]))
        for address in (family(inside), other):
            if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
                continue
            assert zone.contains(prepared, zone.bytes(str(address))) == (address in network), (address, network)


@pytest.mark.parametrize("text", ["10.0.0.0", "10.0.0.0/33", "x/8", "::/129", "10.0.0.0/", "/8"])
def test_a_broken_network_stops_the_start(lua, text):
    with pytest.raises(Exception, match=r"not a network|bytes"):
        module(lua, "zone").prepare(to_lua(lua, [text]))
