"""The store of `gwc.yaml` in the IR of a policy."""

from __future__ import annotations

import pytest

from gwc.controls.base import FileRef
from gwc.controls.store import RateLimitService, Redis, StoreTls
from gwc.diagnostics import Problems
from gwc.lowering import compile_policy
from tests.support.project import POLICY, write_project

CLUSTER = POLICY.replace("window: 1m, burst: 50}", "window: 1m, burst: 50, scope: cluster}")
PROJECT = """
apiVersion: gwc/v1
kind: Project
policies: [orders.gwc.yaml]
targets: [{name: kong}]
"""
LOCAL = PROJECT + 'store: {redis: {address: "127.0.0.1:6379"}}\n'


def compiled(folder, project, policy=CLUSTER, variables=None):
    (folder / "gwc.yaml").write_text(project, encoding="utf-8")
    return compile_policy(write_project(folder, policy=policy), root=folder, variables=variables)


def findings(folder, project, policy=CLUSTER, variables=None):
    """(code, file, line) of what is wrong."""
    try:
        found = compiled(folder, project, policy, variables).diagnostics
    except Problems as problems:
        found = problems.diagnostics
    return [(d.code, d.span.path, d.span.line) for d in found]


def test_redis_and_service(tmp_path):
    project = (
        PROJECT
        + """
store:
  redis: {address: "redis.internal:6379", tls: {ca: file:/etc/gw/ca.pem}, username: gwc, passwordFile: file:/etc/gw/password}
  rateLimitService: {address: "10.0.0.7:8081", tls: {ca: file:/etc/gw/ca.pem, serverName: limits.internal}, domain: edge}
"""
    )
    (store,) = compiled(tmp_path, project).gateway.store
    ca = FileRef(path="/etc/gw/ca.pem")
    assert store.redis == Redis(
        host="redis.internal",
        port=6379,
        tls=StoreTls(server_name="redis.internal", ca=ca),
        username="gwc",
        password_file=FileRef(path="/etc/gw/password"),
        prefix="gwc:orders:",
    )
    tls = StoreTls(server_name="limits.internal", ca=ca)
    assert store.rate_limit_service == RateLimitService(host="10.0.0.7", port=8081, tls=tls, domain="edge.orders")


def test_an_environment_has_its_own_address(tmp_path):
    project = PROJECT + 'vars: {redis: "127.0.0.1:6379"}\nstore: {redis: {address: "${redis}"}}\n'
    assert compiled(tmp_path, project).gateway.store[0].redis.port == 6379
    assert compiled(tmp_path, project, variables={"redis": "[::1]:6380"}).gateway.store[0].redis.port == 6380


def test_a_store_that_nobody_counts_in_is_told_and_left_out(tmp_path):
    found = compiled(tmp_path, LOCAL, POLICY)
    assert found.gateway.store == ()
    assert [(d.code, d.severity, d.span.path) for d in found.diagnostics] == [("GWC512", "warning", "gwc.yaml")]
    assert findings(tmp_path, PROJECT, POLICY) == []


def test_scope_cluster_needs_a_store(tmp_path):
    assert findings(tmp_path, PROJECT) == [
        ("GWC507", "orders.gwc.yaml", CLUSTER.strip().split("\n").index(next(x for x in CLUSTER.split("\n") if "cluster" in x)) + 1)
    ]
    assert findings(tmp_path, LOCAL) == []


WRONG = {
    "redis: {}": "GWC023",
    "{}": "GWC510",
    'redis: {address: "127.0.0.1"}': "GWC022",
    'redis: {address: "redis://127.0.0.1:6379"}': "GWC022",
    'redis: {address: "127.0.0.1:65536"}': "GWC022",
    'redis: {address: "127.0.0.1:06379"}': "GWC022",
    'redis: {address: "1.2.3.456:6379"}': "GWC022",
    'redis: {address: "redis.internal:6379"}': "GWC511",
    'redis: {address: "10.0.0.1:6379"}': "GWC511",
    'redis: {address: "10.0.0.1:6379", tls: {ca: file:/ca.pem}}': "GWC510",
    'redis: {address: "127.0.0.1:6379", username: gwc}': "GWC510",
    'redis: {address: "127.0.0.1:6379", password: secret}': "GWC020",
    'redis: {address: "127.0.0.1:6379", passwordFile: secret}': "GWC022",
    'redis: {address: "127.0.0.1:6379", tls: {}}': "GWC023",
    'redis: {address: "127.0.0.1:6379", verify: false}': "GWC020",
    'redis: {address: "${nowhere}"}': "GWC025",
    'rateLimitService: {address: "limits.internal:8081"}': "GWC511",
    'rateLimitService: {address: "127.0.0.1:8081", domain: "a b"}': "GWC022",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_stores_have_a_place(tmp_path, text):
    found = findings(tmp_path, f"{PROJECT}store: {text if text == '{}' else '{' + text + '}'}\n")
    assert (WRONG[text], "gwc.yaml", 6) in found
    assert "secret" not in str(found)
