"""What every answer gets, and what only pages get."""

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

from workhub.proxies import TrustedProxies

GetResponse = Callable[[HttpRequest], HttpResponse]

API_PREFIX = "/api/"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def request_id_of(request: HttpRequest) -> str:
    """Return the id of this request, made when it is first asked for."""
    return str(request.META.setdefault("workhub.request_id", uuid.uuid4().hex))


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


def is_api(request: HttpRequest) -> bool:
    """Tell whether the request is a program's, to be answered without pages and cookies."""
    return request.path_info.startswith(API_PREFIX)


class _PagesOnly:
    """Leave the API's requests alone: it neither reads a cookie nor sets one.

    Django's session middleware takes back a cookie that it does not know, on any answer.
    """

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if is_api(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class PageSessionMiddleware(_PagesOnly, SessionMiddleware):
    pass


class PageAuthenticationMiddleware(_PagesOnly, AuthenticationMiddleware):
    pass


class PageMessageMiddleware(_PagesOnly, MessageMiddleware):
    pass
