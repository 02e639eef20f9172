"""Inside a network namespace of its own: loads a rule set and prints which of the addresses can be reached, as JSON.

Arguments: the file of the rules, the port, the uid that connects, and the addresses, which are all given to the loopback device.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time


def main(rules: str, port: str, uid: str, *addresses: str) -> None:
    """A server listens on every address; whether a connection comes about is up to the rules."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in addresses:
        subprocess.run(["ip", "address", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo", "nodad"], check=True)
    servers = [socket.create_server(("::", int(p)), family=socket.AF_INET6, dualstack_ipv6=True) for p in (port, str(int(port) + 1))]
    before = {address: _comes_up(address, int(port)) for address in addresses}
    subprocess.run(["nft", "-f", rules], check=True)
    subprocess.run(["nft", "-f", rules], check=True)  # again, in the place of the first
    os.setuid(int(uid))
    after = {address: _connects(address, int(port)) for address in addresses}
    other = {address: _connects(address, int(port) + 1) for address in addresses}
    print(json.dumps({"before": before, "after": after, "otherPort": other}))
    for server in servers:
        server.close()


def _comes_up(address: str, port: int) -> bool:
    """An address that was just given to a device may take a moment."""
    deadline = time.monotonic() + 5
    while not _connects(address, port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _connects(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), 2):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
