"""The compiled plugin on the fake kit, loaded as Kong loads it: by `lua_package_path` out of the compiled files."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gwc.backends import kong
from gwc.backends.base import Output
from gwc.controls.jwk import COORDINATE_BYTES, EcKey, OkpKey, RsaKey
from gwc.ir import Gateway
from gwc.semantics import Request
from gwc.semantics.base64url import decode
from gwc.semantics.signature import is_signed
from tests.lua.lua_core import DICTIONARY, new_runtime, to_lua, to_python

_KIT = Path(__file__).with_name("kit.lua")
_FOLDER = "/etc/gwc/kong"
REQUEST_ID = "0123456789abcdef0123456789abcdef"


@dataclass
class FakeKong:
    """`files`: those of the output, for a test that changes one. `buffer_bytes`, `max_body_bytes`: from kong.conf.

    `served`: the bytes of the answer of a key server, by its name; without one there is no handshake. `asked`: the requests that were sent.
    """

    gateway: Gateway
    now_s: float = 1.8e9
    change: Callable[[dict[str, str]], None] = lambda _: None
    verify: Callable[..., Any] | None = None
    capacity: int = 10_000
    served: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
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
        """What becomes of a request. `core_status`: NGINX answers itself; `scoped`: the plugin belongs to a route; `variables`: further ones."""
        described = _described(request, sni, client)
        variables = {**described["variables"], **more.pop("variables", {})}
        table = to_lua(self.lua, {**described, **more, "variables": variables})
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
                "dictionaries": to_lua(self.lua, re.findall(r"^lua_shared_dict (\S+)", self.files["nginx-http.conf"], re.MULTILINE)),
                "new_dictionary": lambda: self.lua.eval(DICTIONARY)(self.capacity),
                "upstreams": to_lua(self.lua, {u["name"]: bool(u.get("targets")) for u in self.document["upstreams"]}),
                "service_host": self.document["services"][0]["host"],
                "buffer_bytes": int(settings.get("nginx_http_client_body_buffer_size", 8192)),
                "max_body_bytes": int(settings.get("nginx_http_client_max_body_size", 2**53)),
                "body_file": _body_file,
                "normalise": lambda path: re.sub("%..", lambda m: m[0].upper(), re.sub("/+", "/", path)),
                "sha256_hex": lambda text: hashlib.sha256(text.encode("latin-1")).hexdigest(),
                "sha1_bin": lambda text: hashlib.sha1(text.encode("latin-1"), usedforsecurity=False).digest().decode("latin-1"),
                "is_key": lambda text: json.loads(text)["kty"] in {"RSA", "EC", "OKP"},
                "verify": self.verify or _verify,
                "hmac": _hmac,
                "serve": self._serve,
            }
        )

    def _serve(self, host: str, _: int, request: str | None) -> str | None:
        if request is not None:
            self.asked.append(request)
        return self.served.get(host)

    def metrics(self) -> str:
        """What the server of the metrics says."""
        return str(self.kit.run_content(self.lua.eval('(require "gwc.metrics")').serve))

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
        "ssl_client_verify": "NONE",
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


def _hmac(key: str, digest: str, message: str) -> str:
    return hmac.digest(key.encode("latin-1"), message.encode("latin-1"), digest).decode("latin-1")


def _verify(jwk: str, signature: str, message: str, digest: str | None, padding: int | None, raw: bool | None, salt: int | None) -> Any:
    """As resty.openssl does: raw ECDSA only where asked for, and then of the exact length; DER else. PSS: any salt where no length is asked for."""
    key = json.loads(jwk)
    data, signed = signature.encode("latin-1"), message.encode("latin-1")
    if key["kty"] == "OKP":
        return is_signed(OkpKey(kid="", algorithm="EdDSA", crv="Ed25519", x=key["x"]), signed, data) if digest is None else None
    bits = str(digest).removeprefix("sha")
    if key["kty"] == "RSA":
        return _verify_rsa(key, signed, data, bits, padding, salt)
    size = COORDINATE_BYTES[key["crv"]]
    if not raw:
        r, s = decode_dss_signature(data)
        data = r.to_bytes(size) + s.to_bytes(size)
    if len(data) != 2 * size:
        return None
    return is_signed(EcKey(kid="", algorithm=f"ES{bits}", crv=key["crv"], x=key["x"], y=key["y"]), signed, data)  # type: ignore[arg-type]


def _verify_rsa(key: dict[str, str], signed: bytes, data: bytes, bits: str, padding: int | None, salt: int | None) -> bool:
    kind = "RS" if padding is None else "PS"
    known = RsaKey(kid="", algorithm=f"{kind}{bits}", n=key["n"], e=key["e"])  # type: ignore[arg-type]
    if padding is None or salt == int(bits) // 8:
        return is_signed(known, signed, data)
    assert salt is None, "a salt of another length"
    numbers = rsa.RSAPublicNumbers(*(int.from_bytes(decode(key[m]) or b"") for m in "en"))
    chosen = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[bits]
    try:
        numbers.public_key().verify(data, signed, PSS(mgf=MGF1(chosen), salt_length=PSS.AUTO), chosen)
    except InvalidSignature:
        return False
    return True
