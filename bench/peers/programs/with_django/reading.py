"""What all Django programs do behind their key: find the worker, and log the request."""

import time
import uuid
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from bench.peers.programs.document import document, today_in
from bench.peers.programs.with_django.models import Credential, RequestLog, Worker


def answer(request: HttpRequest, credential: Credential, number: str) -> dict[str, Any]:
    """Return the document, after its request was logged."""
    began = time.perf_counter()
    company = credential.api_call.company
    worker = get_object_or_404(
        Worker.objects.select_related("position", "location__division"),
        company=company,
        id_number_folded=number.strip().casefold(),
    )
    items = worker.requirements.select_related("requirement", "record")
    body = document(worker.as_row(), [one.as_row() for one in items], today_in(company.time_zone))
    RequestLog.objects.create(
        api_call_id=credential.api_call_id,
        credential_id=credential.pk,
        request_id=uuid.uuid4().hex,
        status=200,
        milliseconds=round((time.perf_counter() - began) * 1000),
        address=request.META["REMOTE_ADDR"],
        client=request.headers.get("User-Agent", ""),
        worker_id=worker.pk,
    )
    return body
