"""What belongs to no app: error pages, and the pages that explain the API's problems."""

import sys

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults
from django.views.decorators.http import require_safe

from workhub.middleware import is_api
from workhub.problem_types import PROBLEM_TYPES
from workhub.problems import RETRY_AFTER_SECONDS, Problem, problem_response, server_error_problem


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


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(request, Problem("bad_request"))
    return defaults.bad_request(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(request, Problem("not_found"))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """A database that is away is a 503 that says when to come back, not a 500."""
    found = server_error_problem(sys.exc_info()[1])
    if is_api(request):
        return problem_response(request, found)
    response = defaults.server_error(request)
    response.status_code = found.status_code
    if found.status_code == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
