"""Errors of the API in one shape: RFC 9457 problem documents, in JSON and XML."""

import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, connection
from django.db import Error as AnyDatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from workhub import error_reports
from workhub.accept import preferred_type
from workhub.middleware import request_id_of
from workhub.problem_types import PROBLEM_TYPES
from workhub.rendering import Tree, to_json, to_xml

logger = logging.getLogger(__name__)

CHALLENGE = 'amx realm="Workhub"'
RETRY_AFTER_SECONDS = 5

_IN_XML = "workhub.problems_in_xml"

# The namespace is RFC 9457's (appendix B), which kept that of the RFC it replaced.
_XML_NAMESPACE = "urn:ietf:rfc:7807"
# RFC 9457, appendix B: the children of an array are called "i".
_XML_SINGULARS = {"errors": "i"}

_JSON_TYPES = ("application/json", "application/problem+json")
_XML_TYPES = ("application/xml", "text/xml", "application/problem+xml")

# What of an Authorization header can be a key or a secret, also encoded or another program's.
_HEADER_PARTS = (re.compile(r"[0-9A-Za-z+/_-]{8,}"), re.compile(r"\S{8,}"))

# A database that is away, locked, slow, read-only or out of connections.
_PASSING_FAULTS = (OperationalError, InterfaceError, InternalError)
# PostgreSQL: invalid_sql_statement_name and duplicate_prepared_statement. A pooler gave another
# connection than the one on which the statement was prepared; the driver calls both our mistake.
_PASSING_STATES = frozenset({"26000", "42P05"})
# SQLite has one class for what passes and for SQL that is wrong, and its number 1 for the latter.
_SQLITE_ERROR = 1


class Problem(exceptions.APIException):
    """An error to answer with, raised anywhere below an endpoint.

    `errors` is a list of {"parameter", "message"}, for parameters only. `is_test` marks what
    somebody rehearses, and nothing is wrong.
    """

    def __init__(
        self,
        code: str,
        *,
        detail: str = "",
        errors: Sequence[Tree] = (),
        headers: Mapping[str, str] | None = None,
        is_test: bool = False,
    ):
        self.kind = PROBLEM_TYPES[code]
        self.status_code = self.kind.status
        self.detail: str = detail or self.kind.detail  # type: ignore[assignment]
        self.errors = errors
        self.headers = dict(headers or {})
        self.is_test = is_test

    def __str__(self) -> str:
        return self.kind.code


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse:
    """Answer an exception of a plain REST framework view: its EXCEPTION_HANDLER.

    The endpoints of the API calls answer theirs themselves. Whatever else comes to stand beside
    them answers in the same shape, and to nobody unless it says to whom (DenyAll).
    """
    request = context["request"]
    return problem_response(request, _as_problem(exc, context["view"], request))


def problem_of(exc: Exception, request: HttpRequest | Request) -> Problem:
    """Return the problem that an exception is answered as.

    A bug is one too, so that its answer is finished and logged like any other.
    """
    return exc if isinstance(exc, Problem) else unforeseen_problem(exc, request)


def _as_problem(exc: Exception, view: APIView, request: Request) -> Problem:
    match exc:
        case exceptions.MethodNotAllowed():
            allow = ", ".join(view.allowed_methods)
            return Problem("method_not_allowed", headers={"Allow": allow})
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return Problem("not_authenticated")
        case exceptions.NotAcceptable():
            return Problem("not_acceptable")
        case Http404() | exceptions.NotFound() | exceptions.PermissionDenied():
            # What DenyAll keeps shut is not there for anybody.
            return Problem("not_found")
    return problem_of(exc, request)


def unforeseen_problem(exc: Exception, request: HttpRequest | Request) -> Problem:
    """Return the problem of an exception that is not foreseen, and say it in the server's log."""
    problem = server_error_problem(exc)
    if problem.status_code == 503:
        logger.warning("The database cannot answer: %s", type(exc).__name__)
    else:
        plain_request = request._request if isinstance(request, Request) else request
        error_reports.report(exc)
        logger.error(
            "%s failed: %s", request_id_of(plain_request), _traceback_of(exc, plain_request)
        )
    return problem


def _traceback_of(exc: Exception, request: HttpRequest) -> str:
    """Return the traceback as text, without anything that the Authorization header holds.

    It is logged as text and not as `exc_info`, from which an error reporter would read the
    frames with their variables.
    """
    text = "".join(traceback.format_exception(exc))
    header = request.META.get("HTTP_AUTHORIZATION", "")
    parts = {part for pattern in _HEADER_PARTS for part in pattern.findall(header)}
    if not parts:
        return text
    # The longer first: one can be the beginning of another.
    any_part = "|".join(map(re.escape, sorted(parts, key=len, reverse=True)))
    return re.sub(any_part, "***", text, flags=re.IGNORECASE)


def server_error_problem(exc: BaseException | None) -> Problem:
    """Return the problem of an exception that nothing caught."""
    return Problem("temporarily_unavailable" if is_passing(exc) else "internal_error")


def is_passing(exc: BaseException | None) -> bool:
    """Tell whether it is a fault of the database after which it pays to come back."""
    if isinstance(exc, connection.Database.OperationalError):  # type: ignore[attr-defined]
        # The driver's own, which Django lets through where a cursor is closed on the server.
        return bool(getattr(exc, "sqlite_errorcode", None) != _SQLITE_ERROR)
    if not isinstance(exc, AnyDatabaseError):
        return False
    state = getattr(exc.__cause__, "sqlstate", "")
    if state in _PASSING_STATES:
        return True
    if state is None and type(exc) is DatabaseError:
        return True  # no word of the server's: it went in the middle of an answer
    is_wrong_sql = getattr(exc.__cause__, "sqlite_errorcode", None) == _SQLITE_ERROR
    return isinstance(exc, _PASSING_FAULTS) and not is_wrong_sql


def answer_problems_in(request: HttpRequest, *, xml: bool) -> None:
    """Set the format of this request's problems, also of those raised far from the view."""
    request.META[_IN_XML] = xml


def problem_response(request: HttpRequest | Request, problem: Problem) -> HttpResponse:
    """Return the problem as `answer_problems_in` was told, else as the Accept header says."""
    plain_request = request._request if isinstance(request, Request) else request
    in_xml = plain_request.META.get(_IN_XML)
    if in_xml is None:
        in_xml = _prefers_xml(plain_request)
    tree = problem_tree(problem, request_id_of(plain_request))
    if in_xml:
        body = to_xml(tree, root="problem", singulars=_XML_SINGULARS, namespace=_XML_NAMESPACE)
    else:
        body = to_json(tree)
    response = HttpResponse(
        body,
        status=problem.status_code,
        content_type=f"application/problem+{'xml' if in_xml else 'json'}",
    )
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Authorization"
    if problem.status_code == 401:
        response["WWW-Authenticate"] = CHALLENGE
    if problem.status_code == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    for name, value in problem.headers.items():
        response[name] = value
    response.problem_code = problem.kind.code  # type: ignore[attr-defined]
    return response


def problem_tree(problem: Problem, request_id: str) -> Tree:
    """Return the members of RFC 9457, and our own: code, requestId and errors."""
    tree: dict[str, Any] = {
        "type": f"{settings.SITE_URL}/problems/{problem.kind.code}",
        "title": problem.kind.title,
        "status": problem.status_code,
        "detail": problem.detail,
        "code": problem.kind.code,
        "requestId": request_id,
    }
    if problem.is_test:
        tree["test"] = True
    if problem.errors:
        tree["errors"] = list(problem.errors)
    return tree


def _prefers_xml(request: HttpRequest) -> bool:
    preferred = preferred_type(request, [*_JSON_TYPES, *_XML_TYPES])
    return preferred is not None and preferred.endswith("xml")
