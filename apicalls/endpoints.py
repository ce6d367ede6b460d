"""The GET endpoints: from a request to a grant, a document, bytes and a row of the log."""

import time
from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping
from contextlib import nullcontext, suppress
from difflib import get_close_matches
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from django.db import Error as DatabaseError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from rest_framework.views import APIView

from accounts.addresses import client_address
from apicalls import answers, callers, limits, measured, replica, request_log
from apicalls.authentication import AMXAuthentication, refusal_of
from apicalls.compression import WORTH_IT, compressed_chunks
from apicalls.documents import DOCUMENTS, document_path
from apicalls.documents.tree import DocumentTree, Rendered, StreamedDocument
from apicalls.models import Document, OutputFormat
from apicalls.negotiation import renderer_for
from apicalls.options import read_options
from apicalls.parameters import OPTIONS, STREAM, is_ready, read_parameters
from apicalls.permissions import CallIsGranted
from apicalls.renderers import JSONRenderer, XMLRenderer
from apicalls.selectors import Grant
from apicalls.unchanged import Known, Question, asks_for_news, is_conditional, memory
from workhub.accept import accepts_gzip
from workhub.problems import Problem, answer_problems_in, problem_of, problem_response
from workhub.waiting import patient, patiently

# In the WSGI environ of a request that an admin sends from a page: no header becomes this.
IS_TEST = "workhub.is_test"

_ADDRESSES = tuple(document_path(name) for name in DOCUMENTS)
_THERE_ARE = f"The addresses are {', '.join(_ADDRESSES[:-1])} and {_ADDRESSES[-1]}."
# More of an address is not compared with those that there are.
_COMPARED = 100
_READING = frozenset({"GET", "HEAD"})
# Milliseconds after which an answer that the database kept waiting waits no longer.
_WAITED = 250
_ALLOW = "GET, HEAD, OPTIONS"
_AMX, _GRANTED = AMXAuthentication(), CallIsGranted()
# Who is refused so is not even a caller.
NOT_LET_IN = frozenset({"https_required", "address_not_allowed"})


Served = DocumentTree | Rendered | StreamedDocument


class StreamedAnswer(StreamingHttpResponse):
    """A document that is read while it is sent; closing `chunks` says that nobody reads on."""

    chunks: Generator[bytes, None, None]


class CallView(APIView):
    """An endpoint that answers API calls, and what all of them share.

    REST framework's classes say whom it answers and in what, here and to whoever describes it.
    The way from a request to its answer is its own: framework and request would each be wrapped
    in another for it, which costs more than the answer.
    """

    # None: of every template.
    document: Document | None
    # Whether its documents can take long to read, and are compressed for who asks.
    is_long = False
    # Whether its answers follow from settings and facts alone (apicalls/unchanged.py).
    is_remembered = True
    # Whether `document_for` finds in one query, beside which the request can be counted.
    counts_beside = False
    authentication_classes = [AMXAuthentication]
    permission_classes = [CallIsGranted]
    renderer_classes = [JSONRenderer, XMLRenderer]
    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request, and write its row into the request log before the answer leaves."""
        self.started_at = time.perf_counter()
        self.grant: Grant | None = None
        self.usage: limits.Usage | None = None
        self.told = request_log.Told()
        self.encoding = ""
        self.is_logged = False
        self.chunks: Generator[bytes, None, None] = _from_first(b"", iter(()))
        try:
            response = self.respond(request)
        except Exception as error:
            response = problem_response(request, problem_of(error, request))
        self._add_headers(response)
        answer = request_log.logged(request, response, lambda: self._log(request, response))
        if answer is not response:
            self.chunks.close()
        measured.answered(self, answer)
        return answer

    def respond(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Go by the grant rule, in its order, and answer or raise why not."""
        if request.method == "OPTIONS":
            # The methods, and nothing about anybody. There is no CORS: a browser on another
            # site has no business with a Client Secret.
            return HttpResponse(status=204, headers={"Allow": _ALLOW, "Cache-Control": "no-store"})
        if request.method in _READING and self.is_remembered and asks_for_news(request):
            repeated = self._repeated(request)
            if repeated is not None:
                return repeated
        self.identify(request)
        if request.method not in _READING:
            raise Problem("method_not_allowed", headers={"Allow": _ALLOW})
        if self.grant is not None:
            self.renderer = renderer_for(request, self.grant)
        _GRANTED.has_permission(request, self)
        grant = cast(Grant, self.grant)
        self.hit = _hit_of(grant)
        if not self.is_remembered or not asks_for_news(request):
            return self._made(request)
        question = self._question(request, grant)
        response = self._as_known(request, question)
        if response is None:
            return self._made(request, question)
        self.counted(self.hit.usage_ahead())
        return response

    def _repeated(self, request: HttpRequest) -> HttpResponse | None:
        """Tell once more that nothing has changed, if the pair opens what it opened last time.

        The grant rule is gone by with that; and the row of the request log is written only
        where it is so still, by the one statement that looks. Returns None for whom it is not,
        or who is to be told anything else: that is found out from the beginning.
        """
        presumed = _AMX.presume(request)
        if presumed is None or IS_TEST in request.META:
            return None
        pair, opened = presumed
        self.grant = grant = opened.grant
        response = None
        if not _is_more_to_say(grant):
            with suppress(Problem):
                renderer_for(request, grant)
                _GRANTED.has_permission(request, self)
                response = self._as_known(request, self._question(request, grant))
        if response is not None:
            hit = _hit_of(grant)
            self.usage = hit.usage_ahead()
            if self.usage is None or self.usage.allowed:
                try:
                    self.is_logged = request_log.request_log_add_if_same(
                        request=request,
                        pair=pair,
                        opened=opened,
                        told=self.told,
                        status=response.status_code,
                        milliseconds=self._milliseconds(),
                    )
                except DatabaseError:
                    _answer_problems_as(grant, request)
                    raise
            if self.is_logged:
                return response
            hit.give_back()
        self.grant, self.usage, self.told = None, None, request_log.Told()
        return None

    def _question(self, request: HttpRequest, grant: Grant) -> Question:
        is_compressed = self.is_long and accepts_gzip(request)
        return Question.of(request, grant, is_compressed=is_compressed)

    def _as_known(self, request: HttpRequest, question: Question) -> HttpResponse | None:
        """Return what tells whoever has what would be made so, without making it."""
        known = memory.recall(question)
        if known is None:
            return None
        response = _not_modified(request, known.tag)
        if response is not None:
            self.told = known.told
        return response

    def _made(
        self, request: HttpRequest, question: Question | None = None
    ) -> HttpResponse | StreamingHttpResponse:
        """Make the document and answer with it; for a question, remember its entity-tag."""
        with patiently() if self.is_long else nullcontext():
            document = self.get(request)
        if isinstance(document, StreamedDocument):
            self.encoding = "gzip" if accepts_gzip(request) else ""
            return self._streamed(document)
        if isinstance(document, DocumentTree):
            document = Rendered.of(document, self.renderer.render)
        if self.is_long and len(document.body) >= WORTH_IT and accepts_gzip(request):
            self.encoding = "gzip"
            document = document.compressed()
        if question is not None:
            memory.keep(question, Known(document.tag, self.told))
        response = _not_modified(request, document.tag)
        if response is None:
            content_type = self.renderer.content_type
            response = HttpResponse(document.body, content_type=content_type)
            _add_tag(response, document.tag)
        return response

    def identify(self, request: HttpRequest) -> None:
        """Authenticate; from here on the call is known."""
        authenticated = _AMX.authenticate(request)
        if authenticated is not None:
            _nobody, self.grant = authenticated
            _answer_problems_as(self.grant, request)

    def get(self, request: HttpRequest) -> Served:
        """Count the request, then read its parameters and return what it asks for.

        These are the grant rule's (7) to (9). What was refused before does not count.
        """
        if not self.counts_beside or self.hit.beside is None:
            self.counted(self.hit.usage())
            return self.document_for(request, *self.read(request))
        try:
            document = self.document_for(request, *self.read(request))
        except Problem:
            self.counted(self.hit.usage())
            raise
        self.counted(self.hit.usage())
        return document

    @abstractmethod
    def document_for(
        self, request: HttpRequest, sent: Mapping[str, str], meant: Mapping[str, Any]
    ) -> Served:
        """Return the document of a request with these parameters, sent and what they mean."""

    def counted(self, usage: limits.Usage | None) -> None:
        """Refuse a request that is one too many."""
        self.usage = usage
        if usage is not None and not usage.allowed:
            raise Problem("rate_limited", headers={"Retry-After": str(usage.reset_after)})

    def _streamed(self, document: StreamedDocument) -> StreamingHttpResponse:
        """Return the document as it is read.

        Its first bytes are made here: what keeps it from beginning is a problem like any
        other. What fails later leaves it without its end, and such a document parses nowhere.
        """
        chunks = patient(self.renderer.stream(document))
        if self.encoding:
            chunks = compressed_chunks(chunks)
        self.chunks = _from_first(next(chunks), chunks)
        response = StreamedAnswer(self.chunks, content_type=self.renderer.content_type)
        response["Cache-Control"] = "no-store"
        return response

    def _add_headers(self, response: HttpResponseBase) -> None:
        headers = response.headers
        headers["Vary"] = "Authorization, Accept-Encoding" if self.is_long else "Authorization"
        if self.encoding and response.status_code == HTTPStatus.OK:
            headers["Content-Encoding"] = self.encoding
        if isinstance(response, HttpResponse) and response.content:
            headers["Content-Length"] = str(len(response.content))
        if self.usage is not None:
            for name, value in self.usage.headers.items():
                if name not in headers:  # a rehearsed refusal has its own
                    headers[name] = value
        if self.grant is not None:
            for name, value in _ending(self.grant):
                headers[name] = value

    def _log(self, request: HttpRequest, response: HttpResponse | StreamingHttpResponse) -> None:
        """Write the log row. A stream counts as interrupted until it has come to its end."""
        if self.is_logged:
            return
        seen = request_log.seen_of(request)
        status, code = response.status_code, getattr(response, "problem_code", "")
        if status == HTTPStatus.SERVICE_UNAVAILABLE and self._milliseconds() > _WAITED:
            # It has waited for the database already, and would for its row once more.
            raise Problem(code)
        if self.grant is None:
            if code:  # OPTIONS is answered without anything to tell
                refusal = refusal_of(request, code)
                request_log.refused_add(refusal=refusal, seen=seen, status=status, code=code)
            return
        is_test = IS_TEST in request.META
        # Of a HEAD nobody reads the stream to its end.
        is_read = request.method != "HEAD"
        stream = response if isinstance(response, StreamedAnswer) and is_read else None
        log_id = request_log.request_log_add(
            grant=self.grant,
            seen=seen,
            told=self.told,
            # Whoever has the pair could come from anywhere: no caller of ours.
            caller_id=None if is_test or code in NOT_LET_IN else self._caller_id(request),
            status=status,
            code=request_log.INTERRUPTED if stream else code,
            milliseconds=self._milliseconds(),
            size=0 if response.streaming else len(response.content),
            is_test=is_test,
        )
        if stream:
            stream.chunks = self._logged(self.chunks, log_id, seen.request_id)
            stream.streaming_content = stream.chunks
        else:
            self.chunks.close()

    def _caller_id(self, request: HttpRequest) -> int | None:
        grant = cast(Grant, self.grant)
        try:
            return callers.caller_seen(
                api_call_id=grant.api_call_id,
                credential_id=grant.credential_id,
                key=callers.caller_key(request),
                known=grant.caller,
                now=grant.asked_at,
            )
        except DatabaseError as error:
            if not request_log.is_read_only(error):
                raise
            return grant.caller.id if grant.caller else None

    def _logged(
        self, chunks: Generator[bytes, None, None], log_id: int | None, request_id: str
    ) -> Generator[bytes, None, None]:
        size, code = 0, request_log.INTERRUPTED
        try:
            for chunk in chunks:
                yield chunk
                size += len(chunk)
            code = ""
        finally:
            # First let go of the database's cursor: what is written in its transaction
            # would be taken back with it.
            chunks.close()
            request_log.request_log_end(
                log_id=log_id,
                request_id=request_id,
                size=size,
                code=code,
                milliseconds=self._milliseconds(),
            )

    def _milliseconds(self) -> int:
        return round((time.perf_counter() - self.started_at) * 1000)

    def read(self, request: HttpRequest) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        """Return the parameters as sent, by published name, and as what they mean.

        This is the grant rule's (8).
        """
        grant = cast(Grant, self.grant)
        document = self.document or "verify"
        names = grant.parameter_names if self.document else ()
        if not is_ready(document, names):
            raise Problem("parameters_not_set")
        query_string = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
        read = read_parameters(query_string, names, OPTIONS[document])
        meant, faults = read_options(read.values)
        if found := [*read.faults, *faults]:
            raise Problem(
                found[0].code,
                detail=found[0].message,
                errors=[{"parameter": one.parameter, "message": one.message} for one in found],
            )
        return read.values, meant


class WorkerComplianceView(CallView):
    """Tell the compliance of one worker."""

    document = Document.WORKER_COMPLIANCE
    counts_beside = True

    def document_for(
        self, request: HttpRequest, sent: Mapping[str, str], meant: Mapping[str, Any]
    ) -> Rendered:
        grant = cast(Grant, self.grant)
        lookup = request_log.lookup_of(grant.company_id, sent)
        self.told = request_log.Told(*lookup)
        found = answers.worker_answer(
            grant, sent, meant, render=self.renderer.render, beside=self.hit.beside
        )
        self.told = request_log.Told(*lookup, found.worker_id, found.change_sequence)
        return found.document


class ComplianceRosterView(CallView):
    """Tell how all workers in the scope stand, in pages or as one stream."""

    document = Document.COMPLIANCE_ROSTER
    is_long = True

    def document_for(
        self, request: HttpRequest, sent: Mapping[str, str], meant: Mapping[str, Any]
    ) -> DocumentTree | StreamedDocument:
        grant = cast(Grant, self.grant)
        if meant.get(STREAM):
            return answers.roster_stream(grant, meant)
        return replica.read(grant, partial(answers.roster_of, grant, sent, meant))


class ComplianceChangesView(CallView):
    """Tell what has changed since the last time."""

    document = Document.COMPLIANCE_CHANGES
    is_long = True

    def document_for(
        self, request: HttpRequest, sent: Mapping[str, str], meant: Mapping[str, Any]
    ) -> DocumentTree:
        grant = cast(Grant, self.grant)
        return replica.read(grant, partial(answers.changes_of, grant, sent, meant))


class ExpiringRequirementsView(CallView):
    """Tell what lapses soon, by date."""

    document = Document.EXPIRING_REQUIREMENTS
    is_long = True

    def document_for(
        self, request: HttpRequest, sent: Mapping[str, str], meant: Mapping[str, Any]
    ) -> DocumentTree:
        grant = cast(Grant, self.grant)
        return replica.read(grant, partial(answers.expiring_of, grant, sent, meant))


class VerifyView(CallView):
    """Tell a program which call it is, and what it will be served."""

    document = None
    is_remembered = False

    def document_for(
        self, request: HttpRequest, sent: Mapping[str, str], meant: Mapping[str, Any]
    ) -> DocumentTree:
        return answers.verification_of(cast(Grant, self.grant), client_address(request))


class NowhereView(CallView):
    """Answer whoever asks below /api/ at an address that is none, whatever the method.

    An endpoint like the others, so that a program whose address has a slash too many finds its
    requests in the log of its call.
    """

    document = None
    # Not among the addresses that are described.
    schema = None

    def respond(self, request: HttpRequest) -> HttpResponse:
        self.identify(request)
        raise Problem("not_found", detail=_where_instead(request.path_info))


def _where_instead(path: str) -> str:
    """Return which address may be meant. It names our own only, and shows nothing of `path`."""
    address = path.rstrip("/")
    if address in _ADDRESSES:
        return f"Leave out the slash at the end: the address is {address}."
    close = get_close_matches(path[:_COMPARED].lower(), _ADDRESSES, n=1, cutoff=0.8)
    meant = [f"Did you mean {close[0]}?"] if close else []
    return " ".join([*meant, _THERE_ARE, "Copy the one of your API call from its details page."])


def _from_first(first: bytes, chunks: Iterator[bytes]) -> Generator[bytes, None, None]:
    yield first
    yield from chunks


def _answer_problems_as(grant: Grant, request: HttpRequest) -> None:
    """Have problems in the call's Output Format from here on."""
    answer_problems_in(request, xml=grant.output_format == OutputFormat.XML)


def _is_more_to_say(grant: Grant) -> bool:
    """Tell whether more is to be written of a request than its row."""
    return request_log.is_use_unsaid(grant, grant.asked_at) or callers.is_unsaid(
        grant.caller, grant.credential_id, grant.asked_at
    )


def _hit_of(grant: Grant) -> limits.CallHit:
    return limits.CallHit(
        api_call_id=grant.api_call_id, quota=grant.rate_limit, now=grant.asked_at.timestamp()
    )


def _ending(grant: Grant) -> Iterator[tuple[str, str]]:
    """Tell a program that its pair was replaced, and when it ends (RFC 9745, RFC 8594)."""
    if grant.replaced_at is not None and grant.ends_at is not None:
        yield "Deprecation", f"@{int(grant.replaced_at.timestamp())}"
        yield "Sunset", http_date(grant.ends_at.timestamp())


def _not_modified(request: HttpRequest, tag: str) -> HttpResponse | None:
    """Return the 304 of whoever has the document with that entity-tag already, None for others.

    Who wants it only where it is the one they have is refused where it is another (412).
    """
    if not is_conditional(request):
        return None
    response: HttpResponse | None
    if asks_for_news(request) and request.META["HTTP_IF_NONE_MATCH"] == tag:
        # What nearly all send, without reading it as the list that it could be.
        response = HttpResponseNotModified()
    else:
        response = get_conditional_response(request, tag)
    if response is None:
        return None
    if response.status_code == HTTPStatus.PRECONDITION_FAILED:
        raise Problem("precondition_failed")
    _add_tag(response, tag)
    return response


def _add_tag(response: HttpResponse, tag: str) -> None:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
