"""The manifest says where everything comes from, in the same bytes everywhere."""

from __future__ import annotations

import json

from gwc import __version__
from gwc.backends.base import LedgerRow, Note, Output
from gwc.diagnostics import Span
from gwc.output.manifest import NAME, Compiled, digests, files_of
from gwc.output.tree import digest

ROWS = (LedgerRow("routing", "a.b", "nginx.conf", 7), LedgerRow("body", "a.b", "js/p.js", 1))


def compiled(prefix: str = "", name: str = "orders", order: int = 1) -> Compiled:
    output = Output(files={"nginx.conf": b"x", "js/p.js": b"y"}, ledger=ROWS, notes=(Note(Span("p", 1, 1), "weaker"),))
    inputs = dict(list({"b.yaml": "1" * 64, "a.yaml": "0" * 64}.items())[::order])
    outputs = dict(list({"nginx": output, "envoy": output}.items())[::order])
    return Compiled(name=name, prefix=prefix, inputs=inputs, outputs=outputs)


def test_order_of_the_input_does_not_show():
    assert files_of([compiled()])[NAME] == files_of([compiled(order=-1)])[NAME]


def test_holds_version_inputs_outputs_notes_and_ledger():
    text = files_of([compiled()])[NAME]
    manifest = json.loads(text)
    assert text.splitlines()[0].startswith(b'{"generatedBy": "gwc compile')
    assert manifest["gwc"] == __version__
    policy = manifest["policies"]["orders"]
    assert policy["inputs"] == {"a.yaml": "sha256:" + "0" * 64, "b.yaml": "sha256:" + "1" * 64}
    assert policy["ledger"]["routing"]["a.b"] == {"envoy": "envoy/nginx.conf:7", "nginx": "nginx/nginx.conf:7"}
    assert policy["notes"]["nginx"] == ["weaker"]
    assert digests(text) == {f"{t}/{f}": digest(c) for t in ("envoy", "nginx") for f, c in (("js/p.js", b"y"), ("nginx.conf", b"x"))}


def test_several_policies_live_in_folders_of_their_own():
    files = files_of([compiled("one/", "one"), compiled("two/", "two")])
    assert {"one/nginx/nginx.conf", "two/envoy/js/p.js", NAME} <= set(files)
    ledger = json.loads(files[NAME])["policies"]["two"]["ledger"]
    assert ledger["body"]["a.b"]["nginx"] == "two/nginx/js/p.js:1"
