"""The compiled plugin on the fake kit, loaded as Kong loads it: by `lua_package_path` out of the compiled files."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwc.backends import kong
from gwc.backends.base import Output
from gwc.controls.jwt import EcKey, RsaKey
from gwc.ir import Gateway
from gwc.semantics import Request
from gwc.semantics.signature import is_signed
from tests.lua.lua_core import DICTIONARY, new_runtime, to_lua, to_python

_KIT = Path(__file__).with_name("kit.lua")
_FOLDER = "/etc/gwc/kong"
REQUEST_ID = "0123456789abcdef0123456789abcdef"


@dataclass
class FakeKong:
    """`files`: those of the output, for a test that changes one. `buffer_bytes`, `max_body_bytes`: from kong.conf."""

    gateway: Gateway
    now_s: float = 1.8e9
    change: Callable[[dict[str, str]], None] = lambda _: None
    verify: Callable[..., Any] | None = None
    capacity: int = 10_000
    output: Output = field(init=False)

    def __post_init__(self) -> None:
        self.output = kong.compile(self.gateway, folder=_FOLDER)
        self.files = {name: data.decode() for name, data in self.output.files.items()}
        self.change(self.files)
        self.document = json.loads(self.files["kong.yml"])
        self.lua = new_runtime()
        self.lua.execute("setmetatable(_G, nil)")
        self.kit = self.lua.execute(_KIT.read_text(encoding="utf-8")).new(self._options())
        self.lua.globals().ngx, self.lua.globals().kong = self.kit.ngx, self.kit.kong
        self.lua.execute("setmetatable(_G, {__newindex = function(_, name) error('global ' .. name) end})")
        self._install_loader()
        self.plugin = self.lua.eval('(require "kong.plugins.gwc.handler")')

    def settings(self) -> dict[str, str]:
        """kong.conf."""
        lines = [x for x in self.files["kong.conf"].splitlines() if x and not x.startswith("#")]
        return {k.strip(): v.strip() for k, _, v in (x.partition("=") for x in lines)}

    def conf(self) -> Any:
        """The configuration of the plugin in kong.yml, None when there is no plugin."""
        plugins = self.document.get("plugins") or [None]
        return (plugins[0] and plugins[0].get("enabled", True) and to_lua(self.lua, plugins[0]["config"])) or None

    def send(self, request: Request, *, sni: str | None = "api.test", client: str = "127.0.0.1", **more: Any) -> dict[str, Any]:
        """What becomes of a request. `core_status`: NGINX answers itself; `scoped`: the plugin belongs to a route."""
        table = to_lua(self.lua, {**_described(request, sni, client), **more})
        result = to_python(self.kit.run(self.plugin, self.conf(), table))
        result["log_line"] = self._log_line(result)
        return result

    def _log_line(self, result: Mapping[str, Any]) -> dict[str, str]:
        values = result.get("line") or {}
        return {name.removeprefix("gwc_"): values[name] for name in values if name.startswith("gwc_")}

    def _options(self) -> Any:
        settings = self.settings()
        return self.lua.table_from(
            {
                "now": lambda: self.now_s,
                "variables": to_lua(self.lua, re.findall(r"^set \$(\w+)", self.files["nginx-proxy.conf"], re.MULTILINE)),
                "dictionaries": to_lua(self.lua, re.findall(r"^lua_shared_dict (\w+)", self.files["nginx-http.conf"], re.MULTILINE)),
                "new_dictionary": lambda: self.lua.eval(DICTIONARY)(self.capacity),
                "upstreams": to_lua(self.lua, {u["name"]: bool(u.get("targets")) for u in self.document["upstreams"]}),
                "service_host": self.document["services"][0]["host"],
                "buffer_bytes": int(settings.get("nginx_http_client_body_buffer_size", 8192)),
                "max_body_bytes": int(settings.get("nginx_http_client_max_body_size", 2**53)),
                "body_file": _body_file,
                "normalise": lambda path: re.sub("%..", lambda m: m[0].upper(), re.sub("/+", "/", path)),
                "sha256_hex": lambda text: hashlib.sha256(text.encode("latin-1")).hexdigest(),
                "is_key": lambda text: json.loads(text)["kty"] in {"RSA", "EC"},
                "verify": self.verify or _verify,
            }
        )

    def _install_loader(self) -> None:
        """`require` finds what the kit has and the compiled files, nothing else."""
        preload = self.lua.eval("package.preload")
        for name, value in self.kit.preload.items():
            preload[name] = self.lua.eval("function(v) return function() return v end end")(value)
        paths = self.settings()["lua_package_path"].split(";")
        find = self.lua.eval(
            "function(source) return function(name) local t, n = source(name) return t and assert(loadstring(t, n)) or n end end"
        )
        self.lua.globals().package.loaders[2] = find(lambda name: self._source(name, paths))
        self.lua.execute("for i = #package.loaders, 3, -1 do package.loaders[i] = nil end")

    def _source(self, name: str, paths: list[str]) -> tuple[str | None, str]:
        for path in paths:
            file = path.replace("?", name.replace(".", "/")).removeprefix(f"{_FOLDER}/")
            if file in self.files:
                return self.files[file].encode().decode("latin-1"), f"@{file}"
        return None, f"\n\tno file for {name!r}"


def _body_file(body: str) -> str:
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(body.encode("latin-1"))
    return file.name


def _described(request: Request, sni: str | None, client: str) -> dict[str, Any]:
    """A request as NGINX has it."""
    major, minor = request.version
    hosts = request.values("host")
    _, question, arguments = request.target.partition("?")
    variables = {
        "request": f"{request.method} {request.target} HTTP/{major}.{minor}",
        "request_uri": request.target,
        "host": hosts[0].partition(":")[0].lower() if hosts else "kong",
        "remote_addr": client,
        "kong_request_id": REQUEST_ID,
        "ssl_server_name": sni,
        "http_host": hosts[0] if hosts else None,
        "http_content_length": next(iter(request.values("content-length")), None),
        "http_transfer_encoding": next(iter(request.values("transfer-encoding")), None),
        "args": arguments if question else None,
    }
    return {
        "method": request.method,
        "version": major + minor / 10,
        "headers": list(request.headers),
        "body": request.body.decode("latin-1"),
        "variables": {k: v for k, v in variables.items() if v is not None},
        "sni": sni,
        "upgrade": next(iter(request.values("upgrade")), None),
    }


def _verify(jwk: str, signature: str, message: str, digest: str | None, _: Any, raw: bool | None) -> Any:
    """As resty.openssl does: raw ECDSA only where asked for, and then of 64 bytes; DER else."""
    key = json.loads(jwk)
    data, signed = signature.encode("latin-1"), message.encode("latin-1")
    if digest != "sha256":
        return False
    if key["kty"] == "RSA":
        return is_signed(RsaKey(kid="", n=key["n"], e=key["e"]), signed, data)
    if not raw:
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415

        r, s = decode_dss_signature(data)
        data = r.to_bytes(32) + s.to_bytes(32)
    return is_signed(EcKey(kid="", x=key["x"], y=key["y"]), signed, data) if len(data) == 64 else None
