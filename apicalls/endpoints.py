"""The GET endpoints. Each is four steps: validate, select, serialize, respond."""

import hashlib
import time
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apicalls import services
from apicalls.authentication import AMXAuthentication
from apicalls.documents import worker_compliance
from apicalls.models import Document, OutputFormat
from apicalls.negotiation import CallFormatNegotiation
from apicalls.parameters import (
    FIRST_NAME,
    LAST_NAME,
    MIDDLE_NAME,
    WORKER_ID_NUMBER,
    read_parameters,
)
from apicalls.permissions import CallIsGranted
from apicalls.renderers import JSONRenderer, XMLRenderer
from apicalls.selectors import Grant
from workers.selectors import Found, compliance_find
from workhub.middleware import request_id_of
from workhub.problems import Problem, answer_problems_in, problem_response


class CallView(APIView):
    """An endpoint that answers API calls of one document, and what all of them share."""

    document: Document
    authentication_classes = [AMXAuthentication]
    content_negotiation_class = CallFormatNegotiation
    permission_classes = [CallIsGranted]
    renderer_classes = [JSONRenderer, XMLRenderer]
    http_method_names = ["get", "head", "options"]

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        self.started_at = time.perf_counter()
        self.grant: Grant | None = None
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method not in self.allowed_methods:
            raise MethodNotAllowed(request.method or "")
        # OPTIONS tells the methods and nothing about anybody. There is no CORS: a browser
        # on another site has no business with a Client Secret.
        if request.method != "OPTIONS":
            super().initial(request, *args, **kwargs)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        # Authenticates, if nothing did so yet; from here on the call is known.
        self.grant = cast(Grant | None, request.auth)
        if self.grant is not None:
            in_xml = self.grant.output_format == OutputFormat.XML
            answer_problems_in(request._request, xml=in_xml)
        return super().perform_content_negotiation(request, force)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        headers = {"Allow": ", ".join(self.allowed_methods), "Cache-Control": "no-store"}
        return HttpResponse(status=204, headers=headers)

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {"Vary": "Authorization"}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(response, Response):
            response = _conditional(request, response.render())
        if self.grant is not None:
            services.request_log_add(
                grant=self.grant,
                request_id=request_id_of(request._request),
                status=response.status_code,
                code=getattr(response, "problem_code", ""),
                milliseconds=round((time.perf_counter() - self.started_at) * 1000),
                size=len(response.content),
            )
        return response


class WorkerComplianceView(CallView):
    """Tell the compliance of one worker."""

    document = Document.WORKER_COMPLIANCE

    def get(self, request: Request) -> Response:
        grant = cast(Grant, self.grant)
        values = _parameters(request, grant)
        today = grant.today()
        found = _found(grant, values, today)
        return Response(worker_compliance.build(found.worker, found.items, as_of=today))


def _parameters(request: Request, grant: Grant) -> Mapping[str, str]:
    """Return the values by published name: the grant rule's (8)."""
    if not grant.parameter_names:
        raise Problem("parameters_not_set")
    query_string = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    read = read_parameters(query_string, grant.parameter_names)
    if read.faults:
        first = read.faults[0]
        raise Problem(
            first.code,
            detail=first.message,
            errors=[
                {"parameter": fault.parameter, "message": fault.message} for fault in read.faults
            ],
        )
    return read.values


def _found(grant: Grant, values: Mapping[str, str], today: date) -> Found:
    """Return the one worker of the company whom the values name: the grant rule's (9)."""
    names = (
        (values[FIRST_NAME], values[MIDDLE_NAME], values[LAST_NAME])
        if FIRST_NAME in values
        else None
    )
    found = compliance_find(
        company_id=grant.company_id,
        today=today,
        id_number=values.get(WORKER_ID_NUMBER),
        names=names,
    )
    if not found:
        raise Problem("worker_not_found")
    if len(found) > 1:
        raise Problem(
            "worker_ambiguous",
            detail=f"{len(found)} workers have this name. Ask by workerIDNumber, which is "
            "unique; an admin can tick WorkerIDNumber under Parameters on the details page.",
        )
    return found[0]


def _conditional(request: Request, response: Response) -> HttpResponse:
    """Give an answer its ETag, and return 304 to who has it already (412: not that one).

    The tag is strong: the body depends on data, day and settings only, never on the request.
    """
    response["ETag"] = f'"{hashlib.blake2b(response.content, digest_size=16).hexdigest()}"'
    response["Cache-Control"] = "private, no-cache"
    conditional = cast(
        HttpResponse,
        get_conditional_response(request._request, etag=response["ETag"], response=response),
    )
    if conditional.status_code == 412:
        return problem_response(request, Problem("precondition_failed"))
    return conditional
