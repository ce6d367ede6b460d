"""What every answer gets, and what only pages get."""

from collections.abc import Callable
from functools import lru_cache
from secrets import token_hex

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.urls import resolve

from workhub.proxies import TrustedProxies

GetResponse = Callable[[HttpRequest], HttpResponse]

API_PREFIX = "/api/"
_REQUEST_ID = "workhub.request_id"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def request_id_of(request: HttpRequest) -> str:
    """Return the id of this request, made when it is first asked for."""
    request_id: str | None = request.META.get(_REQUEST_ID)
    if request_id is None:
        request_id = request.META[_REQUEST_ID] = token_hex(16)
    return request_id


def request_id_renew(request: HttpRequest) -> None:
    """Give this request another id: a row may or may not have been written with the one it has."""
    request.META.pop(_REQUEST_ID, None)


class TrustedProxyMiddleware:
    """Take over from a proxy of ours who asked it, and whether that was encrypted.

    First of all, and for everything behind it: limits, audit, allowed networks and Django's
    own safety see the caller as if they had connected themselves.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response
        self.proxies = TrustedProxies(settings.TRUSTED_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        remote = request.META.get("REMOTE_ADDR", "")
        if self.proxies and self.proxies.has(remote):
            forwarded_for = request.META.get("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = self.proxies.caller_of(remote, forwarded_for)
            # Of several proxies the last one, which is ours, says how it was asked.
            proto = request.META.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2]
            if proto:
                is_https = proto.strip().lower() == "https"
                request.META["wsgi.url_scheme"] = "https" if is_https else "http"
        return self.get_response(request)


class RequestIDMiddleware:
    """Give each request an id that its answer, its log row and its problem document carry.

    An id sent by the caller is not taken over: it could be anybody's, twice or a line break.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["X-Request-Id"] = request_id_of(request)
        return response


class ContentSecurityPolicyMiddleware:
    """Let pages load scripts, styles and images of this site only, and nothing inline."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response


class APIMiddleware:
    """Answer programs here, and let people's requests through to what is behind.

    What stands behind it is made for pages: sessions, forms, messages, signing in. A program has
    no use for any of it, neither sends a cookie nor is to be sent one, and asks far more often.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response
        self.answer: GetResponse = convert_exception_to_response(_viewed)  # type: ignore[assignment]
        seconds = settings.SECURE_HSTS_SECONDS
        self.transport_security = seconds and f"max-age={seconds}; includeSubDomains; preload"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api(request):
            return self.get_response(request)
        response = self.answer(request)
        # Of what SecurityMiddleware sets, what is for more than pages.
        response["X-Content-Type-Options"] = "nosniff"
        if self.transport_security and request.is_secure():
            response["Strict-Transport-Security"] = self.transport_security
        return response


def is_api(request: HttpRequest) -> bool:
    """Tell whether the request is a program's, to be answered without pages and cookies."""
    return request.path_info.startswith(API_PREFIX)


def _viewed(request: HttpRequest) -> HttpResponse:
    """Answer by the view of the address: below /api/ each has one, if only to say that."""
    request.get_host()  # raises for one that is not ours
    view, args, kwargs = request.resolver_match = _resolved(request.path_info)
    response: HttpResponse = view(request, *args, **kwargs)
    return response


# There are few, and the same ones are asked for again and again.
_resolved = lru_cache(maxsize=256)(resolve)
