"""What belongs to no app: error pages, and the pages that explain the API's problems."""

import sys

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
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
    response = defaults.server_error(request)
    response.status_code = found.status_code
    if found.status_code == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


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
