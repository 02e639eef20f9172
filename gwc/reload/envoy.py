"""Reload of an Envoy that runs on the files in `xds/`: each is renamed into place, and Envoy's log says what became of it.

Clusters come first, with those of the old policy, which connections from before still use; then the listeners, with their routes in them: one
rename, one policy. Envoy's administration interface is not needed: what it took and what it refused is in its log, when the component
`upstream` logs from `info` on, as Envoy does by default.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwc.backends.base import Output
from gwc.reload.outcome import NeedsRestart, Rejected

WAIT_S = 20.0
CHECK_S = 60.0
_POLL_S = 0.02
_LISTENERS, _CLUSTERS, _BOOTSTRAP = "xds/lds.json", "xds/cds.json", "xds/bootstrap.json"
_REFUSED = re.compile(r"^.*(?:config rejected|config update rejected|config update failure).*$", re.MULTILINE)
Resources = dict[str, dict[str, Any]]


@dataclass(slots=True)
class EnvoyReload:
    """A running Envoy: `folder` is where it was started, with its log in `stderr`. `program`: the command without its options.

    `drain_s`: its `--drain-time-s`. For so long clusters stay that only the policy from before had.
    """

    folder: Path
    program: Sequence[str]
    drain_s: float
    _retired: dict[str, float] = field(default_factory=dict)

    def reload(self, output: Output) -> None:
        """Returns when every new connection is judged by `output`. Raises Rejected or NeedsRestart."""
        files = {name: output.files[name] for name in (_BOOTSTRAP, _LISTENERS, _CLUSTERS)}
        if files[_BOOTSTRAP] != (self.folder / _BOOTSTRAP).read_bytes():
            raise NeedsRestart("xds/bootstrap.json changed, which Envoy reads at its start only: metrics are on or off")
        self._check(output)
        before = {name: (self.folder / name).read_bytes() for name in (_LISTENERS, _CLUSTERS)}
        try:
            self._take(_CLUSTERS, self._with_retired(files[_CLUSTERS]), _cluster_marks)
            self._take(_LISTENERS, files[_LISTENERS], _listener_marks)
        except Rejected:
            for name, data in before.items():
                self._rename(name, data)
            raise

    def _check(self, output: Output) -> None:
        """The static form has the same resources, and is the only one that Envoy's own check reads completely."""
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(output.files["envoy.json"])
            file.flush()
            options = ["--mode", "validate", "--log-level", "error", "-c", file.name]
            done = subprocess.run([*self.program, *options], capture_output=True, cwd=self.folder, timeout=CHECK_S, check=False)  # noqa: S603
        if done.returncode:
            raise Rejected((done.stderr + done.stdout).decode("utf-8", "replace").replace(file.name, "envoy.json"))

    def _with_retired(self, clusters: bytes) -> bytes:
        """The clusters, and those that a connection from before may still need."""
        wanted, known, now = _resources(clusters), _resources((self.folder / _CLUSTERS).read_bytes()), time.monotonic()
        self._retired = {name: self._retired.get(name, now) for name in known if name not in wanted}
        kept = [known[name] for name, since in self._retired.items() if now - since <= self.drain_s]
        return json.dumps({"resources": [*wanted.values(), *kept]}).encode() if kept else clusters

    def _take(self, name: str, data: bytes, marks: Any) -> None:
        """Renames a file into place and waits until Envoy has said what it did with it."""
        path, log = self.folder / name, self.folder / "stderr"
        awaited: Sequence[str] = marks(_resources(path.read_bytes()), _resources(data))
        start = log.stat().st_size
        self._rename(name, data)
        if awaited:
            _wait(log, start, awaited)

    def _rename(self, name: str, data: bytes) -> None:
        path = self.folder / name
        beside = path.with_suffix(".new")
        beside.write_bytes(data)
        beside.replace(path)


def _resources(document: bytes) -> Resources:
    return {resource["name"]: resource for resource in json.loads(document)["resources"]}


def _cluster_marks(old: Resources, new: Resources) -> Sequence[str]:
    changed, removed = _changed(old, new), old.keys() - new.keys()
    return [f"cds: added/updated {changed} cluster(s)"] if changed or removed else []


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    return sum(old.get(name) != resource for name, resource in new.items())


def _listener_marks(old: Resources, new: Resources) -> Sequence[str]:
    added = [f"lds: add/update listener '{name}'" for name, listener in new.items() if old.get(name) != listener]
    return added + [f"lds: remove listener '{name}'" for name in old.keys() - new.keys()]


def _wait(log: Path, start: int, awaited: Sequence[str]) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with log.open("rb") as file:
            file.seek(start)
            said = file.read().decode("utf-8", "replace")
        if refused := _REFUSED.findall(said):
            raise Rejected("\n".join(refused))
        if all(mark in said for mark in awaited):
            return
        time.sleep(_POLL_S)
    raise Rejected(f"Envoy said nothing about its new files within {WAIT_S:.0f} s: is the log level of `upstream` above info?")
