"""A small NGINX whose only location runs expressions in njs."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gwc.local.processes import free_port, nginx

_CONFIGURATION = """
worker_processes 1;
events {{}}
http {{
    js_import judge from judge.js;
    access_log off;
    client_max_body_size 8m;
    client_body_buffer_size 8m;
    server {{
        listen 127.0.0.1:{port};
        location / {{ js_content judge.run; }}
    }}
}}
"""

_SCRIPT = """
const literals = [{literals}];

function judged(x) {{
  let e;
  try {{
    e = x.number === undefined ? new RegExp(x.source) : literals[x.number];
  }} catch (error) {{
    return null;
  }}
  return x.texts.map(function (text) {{
    try {{ return e.test(text) ? '1' : '0'; }} catch (error) {{ return 'X'; }}
  }}).join('');
}}

function run(r) {{ r.return(200, JSON.stringify(JSON.parse(r.requestText).map(judged))); }}

export default {{ run }};
"""


@contextmanager
def judging(folder: Path, literals: Sequence[str]) -> Iterator[Callable[[list[dict[str, Any]]], list[str | None]]]:
    """Judges `texts` by the literal of a `number`, or by `source`: a digit for each, X for an exception; None if there is no such expression."""
    port = free_port()
    (folder / "nginx.conf").write_text(_CONFIGURATION.format(port=port))
    (folder / "judge.js").write_text(_SCRIPT.format(literals=", ".join(f"/{text or '(?:)'}/" for text in literals)), encoding="utf-8")
    with (folder / "stderr").open("wb") as complaints:
        process = subprocess.Popen(nginx().command(folder), cwd=folder, stderr=complaints)
    try:
        _wait(process, port, folder)
        yield lambda cases: _ask(port, cases)
    finally:
        process.terminate()
        process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            assert _ask(port, []) == []
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError((folder / "stderr").read_text()[-2000:])


def _ask(port: int, cases: list[dict[str, Any]]) -> list[str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/", json.dumps(cases, ensure_ascii=False).encode())
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, body[:200]
    return json.loads(body)
