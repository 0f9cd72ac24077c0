"""Production's transport: verified TLS, kept connections, and the proxy that the environment names."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx


def wire(base_url: str, connections: int = 16) -> httpx.HTTPTransport:
    """A transport for this address.  Loopback never goes through a proxy."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    proxy = None
    if not is_loopback(host) and not proxy_bypass(host):
        proxy = getproxies().get(parts.scheme)
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    # trust_env here means only SSL_CERT_FILE and SSL_CERT_DIR: a company's own certificate authority.
    return httpx.HTTPTransport(verify=True, limits=limits, proxy=proxy, trust_env=True)


def is_loopback(host: str) -> bool:
    """Whether the host is this very machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
