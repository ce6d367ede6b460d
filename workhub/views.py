"""What belongs to no app: error pages, and the pages that explain the API's problems."""

import sys
from collections.abc import Iterator

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, RawPostDataException
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults
from django.views.decorators.http import require_safe

from apicalls import measured, request_log
from workhub.middleware import is_api
from workhub.problem_types import PROBLEM_TYPES
from workhub.problems import RETRY_AFTER_SECONDS, Problem, problem_response, server_error_problem


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "accessibility.html")


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    return render(request, "problems/problems.html", {"kinds": PROBLEM_TYPES.values()})


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """The page that a problem's `type` leads to."""
    kind = PROBLEM_TYPES.get(code)
    if kind is None:
        raise Http404
    return render(request, "problems/problem.html", {"kind": kind})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_api(request):
        return _refused(request, Problem("bad_request"))
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """A database that is away is a 503 that says when to come back, not a 500."""
    found = server_error_problem(sys.exc_info()[1])
    if is_api(request):
        return _refused(request, found)
    if found.status_code == 503:
        return _come_back(request)
    return defaults.server_error(request)


# What of a form that failed is not sent back, not even to who sent it: then none of it is.
_SECRET_FIELDS = ("password", "secret", "header")
_SENT_BACK_AT_MOST = 100_000  # characters


def _come_back(request: HttpRequest) -> HttpResponse:
    """Answer a page whose database is away, with what was sent to be sent again.

    The browser's Back would ask anew for the page with the form, which is away as well.
    """
    fields = list(_fields_sent(request))
    context = {"fields": fields, "address": request.get_full_path()}
    return HttpResponse(
        render_to_string("503.html", context),
        status=503,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS), "Cache-Control": "private, no-store"},
    )


def _fields_sent(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Give what a form sent, its CSRF token too: who has none in a foreign page gets none here."""
    if request.method != "POST":
        return
    try:
        sent = [(name, value) for name, values in request.POST.lists() for value in values]
        has_files = bool(request.FILES)
    except (OSError, BadRequest, MultiPartParserError, RawPostDataException):
        return
    is_secret = any(word in name.lower() for name, _value in sent for word in _SECRET_FIELDS)
    is_long = sum(len(name) + len(str(value)) for name, value in sent) > _SENT_BACK_AT_MOST
    if not has_files and not is_secret and not is_long:
        yield from ((name, str(value)) for name, value in sent)


def _refused(request: HttpRequest, problem: Problem) -> HttpResponseBase:
    """Answer and log a request of the API that came to no endpoint, such as one to another host."""
    answer = request_log.logged(
        request,
        problem_response(request, problem),
        lambda: request_log.refused_add(
            refusal=request_log.Refusal(),
            seen=request_log.seen_of(request),
            status=problem.status_code,
            code=problem.kind.code,
        ),
    )
    measured.answered_elsewhere(answer)
    return answer
