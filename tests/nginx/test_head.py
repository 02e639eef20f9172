"""Names and values of header fields: NGINX drops or passes odd ones on its own, gwc refuses them."""

from __future__ import annotations

import pytest

from tests.support.nginx_process import edited, gateway, serving

pytestmark = pytest.mark.gateway


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serving(gateway(), tmp_path_factory.mktemp("head")) as running:
        yield running


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["X!#$%&'*+.^`|~9: a:b\tc"], ""),
        (["X-A: \xe9\xff"], ""),
        (["X-A:"], ""),
        (["X-A: a_b", "Cookie: a_b=c_d"], ""),
        (["X_A: 1"], "normalise.headerName"),
        (["X-A: 1", "_: 1"], "normalise.headerName"),
        (["X(: 1"], "normalise.request"),
        (["X_(: 1"], "normalise.request"),
        (["X,Y: 1"], "normalise.request"),
        (["X\xe9: 1"], "normalise.request"),
        (["X-A: a\x01b"], "normalise.request"),
        (["X-A: a\x7f"], "normalise.request"),
        ([": 1"], "normalise.request"),
    ],
)
def test_fields(site, fields, expected) -> None:
    site.received()
    answer = site.ask("GET", "/v1/health", *fields)
    assert (answer.status, answer.problem().get("reason", "")) == (400 if expected else 200, expected)
    assert len(site.received()) == (0 if expected else 1)


def test_as_many_and_as_long_as_nginx_takes(site) -> None:
    fields = [f"X-{n}: " + "v" * 250 for n in range(90)]
    assert site.ask("GET", "/v1/health", *fields).status == 200
    assert site.ask("GET", "/v1/health", *fields, "X_: 1").problem()["reason"] == "normalise.headerName"
    assert site.ask("GET", "/v1/health", *fields, *fields).problem()["reason"] == "normalise.headers"


@pytest.mark.parametrize("body", ["throw new Error('x');", "return '';", "return undefined;", "return 'ok';"])
def test_a_script_that_fails_lets_nothing_pass(tmp_path, body) -> None:
    with serving(gateway(), tmp_path, edited(("gwc.js", "function head(r) {", f"function head(r) {{ {body}"))) as broken:
        assert broken.ask("GET", "/v1/health").problem()["reason"] == "normalise.request"
        assert not broken.received()
