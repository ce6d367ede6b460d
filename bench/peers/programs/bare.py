"""Written by hand: WSGI, psycopg with prepared statements, orjson, and nothing else."""

import os
import threading
import time
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

import orjson
import psycopg

from bench.peers.programs.document import (
    ItemRow,
    WorkerRow,
    document,
    is_right,
    pair_in,
    today_in,
)

_CREDENTIAL = """
SELECT c.id, c.secret_digest, c.pepper_number, a.id, a.company_id, o.time_zone
FROM apicalls_credential c JOIN apicalls_apicall a ON a.id = c.api_call_id
JOIN accounts_company o ON o.id = a.company_id
WHERE c.client_key = %s AND c.ends_at IS NULL AND a.state = 'active'
"""
_WORKER = """
SELECT w.id, w.id_number, w.first_name, w.middle_name, w.last_name, w.is_active, w.worker_type,
    p.name, l.name, d.name,
    i.requirement_id, r.component, r.name, r.compliant_when, i.level, i.because, i.standing,
    i.coming_due_on, i.expires_on, e.completed_on, e.issued_on, e.certificate_number, e.issuer
FROM workers_worker w
LEFT JOIN workers_position p ON p.id = w.position_id
LEFT JOIN workers_location l ON l.id = w.location_id
LEFT JOIN workers_division d ON d.id = l.division_id
LEFT JOIN workers_workerrequirement i ON i.worker_id = w.id
LEFT JOIN workers_requirement r ON r.id = i.requirement_id
LEFT JOIN workers_record e ON e.id = i.record_id
WHERE w.company_id = %s AND w.id_number_folded = %s
"""
_LOG = """
INSERT INTO apicalls_requestlog (at, api_call_id, credential_id, request_id, status, code,
    milliseconds, size, is_test, output_format, address, client, lookup, lookup_hash, worker_id)
VALUES (now(), %s, %s, %s, 200, '', %s, %s, false, 'json', %s, %s, 'id_number', '', %s)
"""
_WIDTH = len(WorkerRow._fields)
_local = threading.local()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    began = time.perf_counter()
    pair = pair_in(environ.get("HTTP_AUTHORIZATION", ""))
    connection = _connection()
    found = pair and connection.execute(_CREDENTIAL, [pair[0]], prepare=True).fetchone()
    if not found or not is_right(*pair, digest=found[1], pepper_number=found[2]):
        return _answer(start_response, "401 Unauthorized", b"{}")
    credential_id, _digest, _pepper, api_call_id, company_id, time_zone = found
    number = parse_qs(environ["QUERY_STRING"])["workerIDNumber"][0].strip().casefold()
    rows = connection.execute(_WORKER, [company_id, number], prepare=True).fetchall()
    if not rows:
        return _answer(start_response, "404 Not Found", b"{}")
    worker = WorkerRow(*rows[0][:_WIDTH])
    items = [ItemRow(*row[_WIDTH:]) for row in rows if row[_WIDTH] is not None]
    body = orjson.dumps(document(worker, items, today_in(time_zone)))
    connection.execute(
        _LOG,
        (
            *(api_call_id, credential_id, uuid.uuid4().hex),
            *(round((time.perf_counter() - began) * 1000), len(body), environ["REMOTE_ADDR"]),
            *(environ.get("HTTP_USER_AGENT", ""), worker.id),
        ),
        prepare=True,
    )
    return _answer(start_response, "200 OK", body)


def _connection() -> psycopg.Connection[Any]:
    if not hasattr(_local, "connection"):
        url = os.environ["DATABASE_URL"]
        _local.connection = psycopg.connect(url, autocommit=True)
    return _local.connection


def _answer(start_response: Any, status: str, body: bytes) -> list[bytes]:
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
