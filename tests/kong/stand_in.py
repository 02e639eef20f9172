"""A stand-in for the command `kong`: the phases of Kong 3.9 around the compiled plugin, in Debian's NGINX with Lua.

It is no Kong: router, balancer, kit and template are rebuilt from the facts, as far as gwc uses them. What it shows is that the
compiled plugin, kong.conf and both include files work in a real server, and that the runner (tests/support/kong_process.py) does.

    stand_in.py config parse KONG_YML -c KONG_CONF | start -c KONG_CONF | reload -c KONG_CONF | stop -p PREFIX
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_RUNTIME = _HERE.parents[1] / "gwc" / "runtime" / "lua"
_VARIABLES = (
    "uri",
    "host",
    "scheme",
    "te",
    "via",
    "upgrade",
    "connection",
    *(f"x_forwarded_{x}" for x in ("for", "proto", "host", "port", "path", "prefix")),
)
_ENTITIES = {"_format_version", "_transform", "services", "upstreams", "plugins", "certificates", "ca_certificates"}

_TEMPLATE = """\
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
{user}
worker_processes {workers};
pid pids/nginx.pid;
error_log {error_log} notice;
{main}
events {{ worker_connections 1024; }}
http {{
  uninitialized_variable_warn off;
  underscores_in_headers on;
  lua_package_path '{lua_package_path};{here}/?.lua;{runtime}/?.lua;;';
  map $request_id $kong_request_id {{ "~(.*)" $1; }}
{http}
{upstreams}
  init_by_lua_block {{ require("stand_in").init({document}) }}
  client_body_temp_path body_temp; proxy_temp_path proxy_temp; fastcgi_temp_path f_temp; uwsgi_temp_path u_temp; scgi_temp_path s_temp;
  server {{
    server_name kong;
    listen {listen};
    real_ip_header {real_ip_header};
    real_ip_recursive {real_ip_recursive};
    error_page 400 404 405 408 411 412 413 414 417 /kong_error_handler;
    error_page 494 =494 /kong_error_handler;
    error_page 500 502 503 504 /kong_error_handler;
    access_log {access_log};
    ssl_certificate {ssl_cert};
    ssl_certificate_key {ssl_cert_key};
    ssl_protocols {ssl_protocols};
    ssl_ciphers {ssl_ciphers};
    ssl_prefer_server_ciphers {ssl_prefer_server_ciphers};
    ssl_session_tickets {ssl_session_tickets};
    ssl_session_cache shared:SSL:10m;
    ssl_certificate_by_lua_block {{ require("stand_in").certificate() }}
    header_filter_by_lua_block {{ require("stand_in").header_filter() }}
    body_filter_by_lua_block {{ require("stand_in").body_filter() }}
    log_by_lua_block {{ require("stand_in").log() }}
{proxy}
    location / {{
      default_type '';
      set $ctx_ref '';
      set $stand_in_target '';
{variables}
      rewrite_by_lua_block {{ require("stand_in").rewrite() }}
      access_by_lua_block {{ require("stand_in").access() }}
      proxy_http_version 1.1;
      proxy_next_upstream off;
      proxy_connect_timeout {connect_timeout}ms;
      proxy_read_timeout {read_timeout}ms;
      proxy_set_header TE $upstream_te;
      proxy_set_header Host $upstream_host;
      proxy_set_header Upgrade $upstream_upgrade;
      proxy_set_header Connection $upstream_connection;
      proxy_set_header X-Forwarded-For $upstream_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $upstream_x_forwarded_proto;
      proxy_set_header X-Forwarded-Host $upstream_x_forwarded_host;
      proxy_set_header X-Forwarded-Port $upstream_x_forwarded_port;
      proxy_set_header X-Forwarded-Path $upstream_x_forwarded_path;
      proxy_set_header X-Forwarded-Prefix $upstream_x_forwarded_prefix;
      proxy_set_header Via $upstream_via;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_pass_header Server;
      proxy_pass_header Date;
      proxy_ssl_name $upstream_host;
      proxy_ssl_server_name on;
{tls}
      proxy_pass $upstream_scheme://$stand_in_target$upstream_uri;
    }}
    location = /kong_error_handler {{
      internal;
      default_type '';
      rewrite_by_lua_block {{ }}
      access_by_lua_block {{ }}
      content_by_lua_block {{ require("stand_in").handle_error() }}
    }}
  }}
}}
"""


def main(arguments: list[str]) -> None:
    """Runs a command."""
    match arguments:
        case ["config", "parse", document, "-c", _]:
            _parsed(Path(document))
        case ["start", "-c", settings]:
            _start(_settings(Path(settings)))
        case ["reload", "-c", settings]:
            _reload(_settings(Path(settings)))
        case ["stop", "-p", prefix]:
            _stop(Path(prefix))
        case _:
            sys.exit(f"not a command of the stand-in: {arguments}")


def _parsed(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    unknown = set(document) - _ENTITIES
    names = [u["name"] for u in document["upstreams"]]
    if unknown or document["_format_version"] != "3.0" or len(set(names)) != len(names):
        sys.exit(f"in 'declarative_config': unknown {sorted(unknown)}")
    return document


def _settings(path: Path) -> dict[str, str]:
    lines = [x for x in path.read_text(encoding="utf-8").splitlines() if x.strip() and not x.startswith("#")]
    return {k.strip(): v.strip() for k, _, v in (x.partition("=") for x in lines)}


def _start(settings: dict[str, str]) -> None:
    prefix = Path(settings["prefix"])
    for name in ("logs", "pids"):
        (prefix / name).mkdir(parents=True, exist_ok=True)
    _prepare(settings, prefix)
    started = subprocess.run(
        ["/usr/sbin/nginx", "-p", f"{prefix}/", "-c", "nginx.conf", "-e", "stderr"], capture_output=True, text=True, check=False
    )
    sys.stderr.write(started.stderr)
    sys.exit(started.returncode)


def _prepare(settings: dict[str, str], prefix: Path) -> None:
    document = _parsed(Path(settings["declarative_config"]))
    (prefix / "nginx.conf").write_text(_TEMPLATE.format(**_values(settings, document, prefix)), encoding="utf-8")


def _reload(settings: dict[str, str]) -> None:
    """As Kong's: whatever becomes of it, it says that it succeeded."""
    prefix = Path(settings["prefix"])
    with suppress(ValueError, KeyError, SystemExit):
        _prepare(settings, prefix)
    os.kill(int((prefix / "pids" / "nginx.pid").read_text()), signal.SIGHUP)
    print("Kong reloaded")


def _values(settings: dict[str, str], document: dict[str, Any], prefix: Path) -> dict[str, Any]:
    (service,) = document["services"]
    plugins = document.get("plugins", [])
    described = {
        "host": service["host"],
        "scheme": service["protocol"],
        "connect_timeout": service["connect_timeout"],
        "upstreams": {u["name"]: bool(u.get("targets")) for u in document["upstreams"]},
        "digest": plugins[0]["config"]["digest"] if plugins and plugins[0].get("enabled", True) else None,
    }
    http = [f"  {k.removeprefix('nginx_http_')} {v};" for k, v in settings.items() if k.startswith(("nginx_http_", "lua_ssl_"))]
    main = [f"{k.removeprefix('nginx_main_')} {v};" for k, v in settings.items() if k.startswith("nginx_main_")]
    proxy = [f"    {k.removeprefix('nginx_proxy_')} {v};" for k, v in settings.items() if k.startswith("nginx_proxy_")]
    return {
        **{
            k: settings[k]
            for k in ("lua_package_path", "ssl_cert", "ssl_cert_key", "ssl_protocols", "ssl_prefer_server_ciphers", "ssl_session_tickets")
        },
        "ssl_ciphers": settings["ssl_ciphers"],
        "listen": settings["proxy_listen"],
        "real_ip_header": settings.get("real_ip_header", "X-Real-IP"),
        "real_ip_recursive": settings.get("real_ip_recursive", "off"),
        "access_log": settings["proxy_access_log"],
        "error_log": settings["proxy_error_log"],
        "workers": settings["nginx_worker_processes"],
        "user": "user root;" if os.geteuid() == 0 else "",
        "here": _HERE,
        "runtime": _RUNTIME,
        "main": "\n".join(main),
        "http": "\n".join(http),
        "proxy": "\n".join(proxy),
        "upstreams": "\n".join(_upstream(u) for u in document["upstreams"] if u.get("targets")),
        "document": f"[==[{json.dumps(described)}]==]",
        "variables": "\n".join(f"      set $upstream_{name} '';" for name in _VARIABLES),
        "connect_timeout": service["connect_timeout"],
        "read_timeout": service["read_timeout"],
        "tls": "\n".join(f"      {line}" for line in _tls(service, document, prefix)),
    }


def _upstream(upstream: dict[str, Any]) -> str:
    return f"  upstream {upstream['name']} {{ server {upstream['targets'][0]['target']} max_fails=0; keepalive 16; }}"


def _tls(service: dict[str, Any], document: dict[str, Any], prefix: Path) -> list[str]:
    if service["protocol"] != "https":
        return []
    by_id = {c["id"]: c for kind in ("certificates", "ca_certificates") for c in document.get(kind, [])}
    authorities = prefix / "authorities.pem"
    authorities.write_text("\n".join(by_id[i]["cert"] for i in service["ca_certificates"]))
    lines = [f"proxy_ssl_verify {'on' if service.get('tls_verify') else 'off'};", f"proxy_ssl_verify_depth {service['tls_verify_depth']};"]
    lines.append(f"proxy_ssl_trusted_certificate {authorities};")
    if "client_certificate" in service:
        own = by_id[service["client_certificate"]]
        variable = own["key"].removeprefix("{vault://env/").removesuffix("}").replace("-", "_").upper()
        for name, text in (("client.pem", own["cert"]), ("client.key", os.environ[variable])):
            (prefix / name).touch(mode=0o600)
            (prefix / name).write_text(text)
        lines += [f"proxy_ssl_certificate {prefix / 'client.pem'};", f"proxy_ssl_certificate_key {prefix / 'client.key'};"]
    return lines


def _stop(prefix: Path) -> None:
    pid = int((prefix / "pids" / "nginx.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1:])
