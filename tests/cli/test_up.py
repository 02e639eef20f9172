"""`gwc up` and `make demo`: the compiled gateways really run, and really end."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gwc.local.client import send
from gwc.local.demo import HOST
from gwc.local.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.gateway


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gwc", "up", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})


def is_open(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def test_serves_with_the_printed_token_and_ends_at_sigterm(project):
    port = free_port()
    process = start("--target", "nginx", "--port", port)
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        assert lines[0] == f"nginx: https://orders.example.com:{port}\n", process.stderr.read()
        curl = shlex.split(lines[2])
        ca = Path(curl[curl.index("--cacert") + 1])
        bearer = curl[curl.index("-H") + 1]
        target = re.search(r":\d+(/\S*)$", curl[-1])[1]
        head = f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\n"
        assert send(port, ca, HOST, f"{head}{bearer}\r\n\r\n".encode()).status == 200
        refused = send(port, ca, HOST, f"{head}\r\n".encode())
        assert (refused.status, refused.reason) == (401, "authn.missing")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert not is_open(port)
        assert not ca.exists()
    finally:
        process.kill()
        process.communicate()


def test_ends_by_itself(project):
    process = start("--target", "nginx", "--for", "1s")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert err.endswith("ended\n")


def test_errors_end_before_anything_starts(project, run):
    assert run("up", "--for", "soon")[0] == 2
    assert run("up", "missing.gwc.yaml")[0] == 2
    assert run("up", "--target", "kong")[0] == 2


def test_a_taken_port_is_said(project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start("--target", "nginx", "--port", taken.getsockname()[1], "--for", "5s")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert out == ""
    assert "in use" in err


def test_the_demo_agrees():
    command = [sys.executable, "-m", "gwc.local.demo", "examples/orders/orders.gwc.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("all agree")
    assert done.stderr == ""
    statuses = set(re.findall(r" (\d{3}) [a-z]+\.?[A-Za-z]*", done.stdout))
    assert {"200", "400", "401", "403", "404", "405", "413", "415", "421", "429"} <= statuses


def test_a_change_is_taken_into_the_running_gateways_and_a_mistake_is_not(project):
    """One connection for each request: kept ones are in tests/reload."""
    policy = project / "orders.gwc.yaml"
    text = policy.read_text(encoding="utf-8")
    process = start("--watch", "--for", "120s")
    said: list[str] = []

    def told(*words: str) -> None:
        for line in process.stderr:
            said.append(line)
            if all(any(word in x for x in said) for word in words):
                said.clear()
                return
        pytest.fail(f"{words} never came: {said}")

    try:
        ports = [int(process.stdout.readline().rpartition(":")[2]) for _ in range(2)]
        process.stdout.readline()
        curl = shlex.split(process.stdout.readline())
        ca = Path(curl[curl.index("--cacert") + 1])

        def reasons() -> list[str]:
            head = f"GET /v1/orders HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
            return [send(port, ca, HOST, head).reason for port in ports]

        assert reasons() == ["authn.missing"] * 2
        policy.write_text(
            text.replace("upstreams:", "network: {deny: [{id: nobody, networks: [127.0.0.0/8]}]}\nupstreams:", 1), encoding="utf-8"
        )
        told("nginx: the new policy serves", "envoy: the new policy serves")
        assert reasons() == ["network.denied"] * 2
        policy.write_text(text.replace("upstreams:", "upstreamz:", 1), encoding="utf-8")
        told("the policy from before serves on")
        assert reasons() == ["network.denied"] * 2
        policy.write_text(text.replace(HOST, "elsewhere.example.com"), encoding="utf-8")
        told("start gwc up again: the policy has a host name")
        policy.write_text(text, encoding="utf-8")
        told("nginx: the new policy serves", "envoy: the new policy serves")
        assert reasons() == ["authn.missing"] * 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.communicate()
