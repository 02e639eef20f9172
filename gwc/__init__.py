"""gwc compiles one security policy and the OpenAPI documents it protects into NGINX, Envoy and Kong configuration."""

__version__ = "0.1.0"
