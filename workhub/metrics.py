"""`/metrics`: figures for Prometheus, for whom METRICS_TOKEN and METRICS_NETWORKS let in.

Answered like the probes, before anything else of the request is looked at. To everybody else it
is an address like any other where nothing is.
"""

import hmac
import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from apicalls import measured
from workhub.proxies import TrustedProxies, address_in

GetResponse = Callable[[HttpRequest], HttpResponse]

METRICS_PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsMiddleware:
    """Answer the address, and pass all others on. Whatever is set must let the asker in."""

    def __init__(self, get_response: GetResponse):
        if not settings.METRICS_TOKEN and not settings.METRICS_NETWORKS:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self._authorization = f"Bearer {settings.METRICS_TOKEN}".encode()
        self._networks = [ipaddress.ip_network(entry) for entry in settings.METRICS_NETWORKS]
        self._proxies = TrustedProxies(settings.TRUSTED_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != METRICS_PATH or not self._is_near(request):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return _plain("", status=405, Allow="GET, HEAD")
        if not self._has_token(request):
            return _plain("", status=401, **{"WWW-Authenticate": 'Bearer realm="Workhub"'})
        text = measured.exposition()
        if text is None:
            return _plain("This process counts nothing: its log says why.\n", status=503)
        return HttpResponse(text, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    def _is_near(self, request: HttpRequest) -> bool:
        if not self._networks:
            return True
        address = address_in(self._caller(request))
        return address is not None and any(address in network for network in self._networks)

    def _caller(self, request: HttpRequest) -> str:
        """Return who asks, "" when a proxy that is none of ours stands between.

        With the address of such a proxy, everybody behind it would be let in.
        """
        remote = request.META.get("REMOTE_ADDR", "")
        forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR", "")
        if self._proxies.has(remote):
            return self._proxies.caller_of(remote, forwarded_for)
        return "" if forwarded_for or "HTTP_FORWARDED" in request.META else remote

    def _has_token(self, request: HttpRequest) -> bool:
        if not settings.METRICS_TOKEN:
            return True
        sent = request.META.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
        return hmac.compare_digest(sent, self._authorization)


def _plain(text: str, *, status: int, **headers: str) -> HttpResponse:
    headers = {"Cache-Control": "no-store", **headers}
    return HttpResponse(text, status=status, content_type="text/plain", headers=headers)
