"""What a checker of NGINX configurations finds in everything that is generated: nothing but what is listed here, and no check is left out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwc.backends import nginx
from gwc.backends.base import TargetProblems
from gwc.local.processes import write
from gwc.lowering import compile_policy
from tests.support.cases import find_cases, load_case

gixy_manager = pytest.importorskip("gixy.core.manager")
ROOT = Path(__file__).resolve().parents[2]
UNREADABLE = {"client_ip/hostile", "client_ip/used"}
"""The checker does not know `(?1)`, which calls a group of an expression (gixy-ng 0.2.59)."""
RESOLVED_AT_START = {"jwt/remote", "jwt/one_provider"}
"""Names of key servers are resolved when NGINX starts: `missing_resolver`."""
UNKNOWN = 'invalid number of arguments in "keepalive" directive'
"""`keepalive 64 local` of NGINX 1.31."""
POLICIES = sorted((ROOT / "examples").glob("*/*.gwc.yaml"))


def findings(folder: Path) -> list[str]:
    """`check: reason` of each finding in the nginx.conf of the folder, and every complaint of the checker itself."""
    complaints: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: complaints.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("gixy").addHandler(handler)
    try:
        with gixy_manager.Manager() as checker:
            path = folder / "nginx.conf"
            with path.open("rb") as file:
                checker.audit(str(path), file)
            found = [f"{plugin.name}: {issue.reason or issue.summary}" for plugin in checker.results for issue in plugin.issues]
    finally:
        logging.getLogger("gixy").removeHandler(handler)
    return found + [c for c in complaints if UNKNOWN not in c]


def compiled() -> Iterator[tuple[str, Path, dict[str, str]]]:
    for path in POLICIES:
        yield path.stem, path, {}
    for folder in find_cases():
        case = load_case(folder)
        yield case.name, case.policy, case.variables


@pytest.mark.parametrize(("name", "policy", "variables"), list(compiled()), ids=lambda value: value if isinstance(value, str) else "")
def test_nothing_is_found(name: str, policy: Path, variables: dict[str, str], tmp_path: Path) -> None:
    if "kind: Policy" not in policy.read_text(encoding="utf-8"):
        return
    try:
        output = nginx.compile(compile_policy(policy, variables=variables).gateway)
    except TargetProblems:
        return  # NGINX gets no configuration
    write(output, tmp_path)
    if name in UNREADABLE:
        with pytest.raises(Exception, match="unexpected end of pattern"):
            findings(tmp_path)
    elif name in RESOLVED_AT_START:
        assert {found.partition(":")[0] for found in findings(tmp_path)} == {"missing_resolver"}
    else:
        assert findings(tmp_path) == []


def test_the_checker_is_awake(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("http { server { location / { proxy_pass http://$http_host; } } }", encoding="utf-8")
    assert any(found.startswith("ssrf") for found in findings(tmp_path))
