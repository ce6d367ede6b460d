"""What is kept of each request, written before its answer leaves.

A request with a right pair has a row of its own. Those without one are folded, so that nobody
can fill the disk with requests that cost them nothing.
"""

import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InternalError, OperationalError, connection, connections
from django.db import Error as DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Field, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.addresses import client_address
from apicalls import measured
from apicalls.doctor import Mistake
from apicalls.draining import drainer
from apicalls.models import CLIENT_LENGTH, Credential, RefusedRequests, RequestLog
from apicalls.parameters import LOOKUPS
from apicalls.selectors import Grant, Opened, Presented, pair_written_if_same
from apicalls.spool import spool
from workers.statements import Statement, left_lost
from workhub.middleware import request_id_of, request_id_renew
from workhub.problems import Problem, problem_of, problem_response

logger = logging.getLogger(__name__)

T = TypeVar("T")

LAST_USED_PRECISION = timedelta(minutes=1)

# The code of a stream that has not come to its end.
INTERRUPTED = "interrupted"


class Seen(NamedTuple):
    """What a request shows of itself: its id, where it comes from and which program it says."""

    request_id: str
    address: str | None
    client: str


class Told(NamedTuple):
    """What a request asked and was told, as far as it is kept.

    `lookup` is a key of LOOKUPS, `lookup_hash` what was sent under it, `worker_id` who was
    told of, and `change_sequence` the last change that was told with it; all of them empty for
    what is about nobody in particular.
    """

    lookup: str = ""
    lookup_hash: str = ""
    worker_id: int | None = None
    change_sequence: int | None = None


class Refusal(NamedTuple):
    """What is kept of a header that was refused: the Client Key it carries, and the mistake.

    `mistake` is one of doctor.Mistake, "" where no header was sent or none was to blame, and
    None for one that looks right: what is stored of the key, and whether its pair has one of the
    `digests`, tells what was wrong.
    """

    client_key: str = ""
    mistake: str | None = ""
    digests: Sequence[bytes] = ()


def seen_of(request: HttpRequest) -> Seen:
    """Return what the request shows of itself, fit to be kept."""
    client = request.META.get("HTTP_USER_AGENT", "")
    if not client.isprintable():
        client = "".join(one for one in client if one.isprintable())
    return Seen(request_id_of(request), client_address(request), client[:CLIENT_LENGTH])


def lookup_of(company_id: int, sent: Mapping[str, str]) -> tuple[str, str]:
    """Return how a worker was looked up, and the keyed hash of what was sent for it.

    Whoever asks for the same worker in the same way leaves the same hash, whichever call they
    use; without the installation's SECRET_KEY nothing can be compared with it.
    """
    for lookup, names in LOOKUPS.items():
        values = [sent[name] for name in names if name in sent]
        if len(values) == len(names) and lookup in _OF_A_WORKER:
            text = "\0".join([str(company_id), lookup, *(one.strip().casefold() for one in values)])
            key = f"apicalls.request_log:{settings.SECRET_KEY}".encode()
            return lookup, hmac.digest(key, text.encode(), hashlib.sha256).hex()[:32]
    return "", ""


_OF_A_WORKER = frozenset({"id_number", "full_name"})


# --- With a right pair -----------------------------------------------------------------


def request_log_add(
    *,
    grant: Grant,
    seen: Seen,
    told: Told,
    caller_id: int | None = None,
    status: int,
    code: str,
    milliseconds: int,
    size: int,
    is_test: bool = False,
) -> int | None:
    """Record an answer before it leaves, and that its credential was used; return the row's id.

    `code` is the problem's, "" without one; `size` is the body's length in bytes. A test from
    the details page is no use of the credential, and neither is what was not let in. None
    where the row waits in the spool: a database that is read-only does not stop answers.
    """
    now = datetime.now(UTC)
    values = _values(
        at=now,
        grant=grant,
        seen=seen,
        told=told,
        caller_id=caller_id,
        status=status,
        code=code,
        milliseconds=milliseconds,
        size=size,
        is_test=is_test,
    )
    try:
        log_id = _insert(values)
    except (InternalError, OperationalError) as error:
        if not is_read_only(error):
            raise
        _spool({"row": values})
        measured.log_row("spooled")
        _connect_anew_soon()
        return None
    measured.log_row("written")
    if is_test or status == HTTPStatus.FORBIDDEN:
        return log_id
    if is_use_unsaid(grant, now):
        _used(grant.credential_id, now - LAST_USED_PRECISION, now)
    return log_id


def request_log_add_if_same(
    *,
    request: HttpRequest,
    pair: Presented,
    opened: Opened,
    told: Told,
    status: int,
    milliseconds: int,
) -> bool:
    """Record an answer without a body if the pair still opens the same, and tell whether it does.

    One statement does both. Also where it cannot be done nothing is recorded, and the request
    is to be answered in full, which then finds out why.
    """
    grant = opened.grant
    values = _values(
        at=grant.asked_at,
        grant=grant,
        seen=seen_of(request),
        told=told,
        caller_id=grant.caller and grant.caller.id,
        status=status,
        milliseconds=milliseconds,
    )
    database = connections[DEFAULT_DB_ALIAS]
    sql, columns = _insert_sql(database.vendor)
    row = _adapted(values, columns, database)
    try:
        is_written = pair_written_if_same(pair, opened, insert=sql, row=row)
    except DatabaseError as error:
        if database.in_atomic_block:
            raise
        if left_lost(database):
            # Nobody knows whether it was written.
            request_id_renew(request)
        elif not is_read_only(error):
            raise
        return False
    if is_written:
        measured.log_row("written")
    return is_written


def _values(
    *,
    at: datetime,
    grant: Grant,
    seen: Seen,
    told: Told,
    caller_id: int | None,
    status: int,
    milliseconds: int,
    code: str = "",
    size: int = 0,
    is_test: bool = False,
) -> dict[str, Any]:
    """Return what a row of the log is made of, by the names of its fields."""
    return {
        "at": at,
        "api_call_id": grant.api_call_id,
        "credential_id": grant.credential_id,
        "request_id": seen.request_id,
        "status": status,
        "code": code,
        "milliseconds": milliseconds,
        "size": size,
        "is_test": is_test,
        "output_format": grant.output_format,
        "address": seen.address,
        "client": seen.client,
        "caller_id": caller_id,
        "lookup": told.lookup,
        "lookup_hash": told.lookup_hash,
        "worker_id": told.worker_id,
        "change_sequence": told.change_sequence,
        "served_version_id": grant.served_version_id,
    }


def is_use_unsaid(grant: Grant, now: datetime) -> bool:
    """Tell whether it is still to be said that the credential was used."""
    return grant.last_used_at is None or grant.last_used_at < now - LAST_USED_PRECISION


def _used(credential_id: int, stale: datetime, now: datetime) -> None:
    """Say when the credential was used: what is logged is answered, whether or not that is said."""
    # The condition again, in the database: of many requests at once, one writes.
    unsaid = Credential.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=stale), pk=credential_id
    )
    try:
        unsaid.update(last_used_at=now)
    except DatabaseError as error:
        logger.warning("A use of a credential is not recorded: %s", type(error).__name__)


def _connect_anew_soon() -> None:
    """Leave a connection that cannot write after a second: the next may be able to.

    A file of SQLite that was opened for reading stays so, and a replica that is not the primary's.
    """
    database = connections[DEFAULT_DB_ALIAS]
    soon = time.monotonic() + 1
    if database.close_at is None or database.close_at > soon:
        database.close_at = soon


def _spool(entry: dict[str, Any]) -> None:
    try:
        spool().add(entry | {"spooled_at": time.time()})
    except OSError as error:
        # No row anywhere, no answer.
        logger.error("The spool of the request log cannot be written: %s", error.strerror)
        raise Problem("temporarily_unavailable") from error
    drainer.wake()


def _insert(values: Mapping[str, Any]) -> int:
    """Write a row by one statement whose text is made once, and return its id."""
    database = connections[DEFAULT_DB_ALIAS]
    sql, columns = _insert_sql(database.vendor)
    row = _adapted(values, columns, database)
    [[log_id]] = _returning(sql).rows(row, database=database)
    return int(log_id)


_Adapt = Callable[[BaseDatabaseOperations, Any], Any]
_Columns = Sequence[tuple[str, _Adapt | None]]


def _adapted(
    values: Mapping[str, Any], columns: _Columns, database: BaseDatabaseWrapper
) -> list[Any]:
    ops = database.ops
    return [adapt(ops, values[name]) if adapt else values[name] for name, adapt in columns]


@lru_cache(maxsize=2)
def _returning(sql: str) -> Statement:
    return Statement(f"{sql} RETURNING id")


@lru_cache(maxsize=2)
def _insert_sql(vendor: str) -> tuple[str, _Columns]:
    """Return SQL that inserts a row, and for each value the name and how the database takes it."""
    fields = [field for field in RequestLog._meta.concrete_fields if not field.primary_key]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column or "") for field in fields)
    places = ", ".join(["%s"] * len(fields))
    table = quote(RequestLog._meta.db_table)
    sql = f"INSERT INTO {table} ({columns}) SELECT {places}"
    return sql, [(field.attname, _adapter(field)) for field in fields]


def _adapter(field: Field[Any, Any]) -> _Adapt | None:
    """Return what a field does with values of its own type, None for nothing at all."""
    internal_type = field.get_internal_type()
    if internal_type == "DateTimeField":
        return lambda ops, value: ops.adapt_datetimefield_value(value)
    if internal_type == "GenericIPAddressField":
        # Few ask, and often.
        adapted = lru_cache(maxsize=1024)(connection.ops.adapt_ipaddressfield_value)
        return lambda ops, value: adapted(value)
    return None


def request_log_end(
    *, log_id: int | None, request_id: str, size: int, code: str, milliseconds: int
) -> None:
    """Record how an answer ended that was logged when it began, in the spool if None: a stream.

    What cannot be recorded leaves the row as it began, interrupted; the stream itself has
    reached its end or its reader has gone, and nothing can be told to anybody any more.
    """
    measured.stream_ended(code)
    end = {"size": size, "code": code, "milliseconds": milliseconds}
    try:
        if log_id is not None:
            RequestLog.objects.filter(pk=log_id).update(**end)
            return
    except DatabaseError as error:
        if not is_read_only(error):
            kind = type(error).__name__
            logger.error("Not in the request log, the end of row %s: %s", log_id, kind)
            return
    with suppress(Problem):
        _spool({"end": end | {"request_id": request_id}})


# --- Without one -----------------------------------------------------------------------


def refused_add(*, refusal: Refusal, seen: Seen, status: int, code: str) -> None:
    """Count a refusal in the row of its minute.

    It is one statement whether the key is known or not, which finds out whose it is and, of a
    header that looks right, what was wrong: nothing of it takes longer for some than for others.
    """
    minute = timezone.now().replace(second=0, microsecond=0)
    written(lambda: _fold(minute, refusal, seen, status, code), seen.request_id, status, code)


def _fold(minute: datetime, refusal: Refusal, seen: Seen, status: int, code: str) -> None:
    digests = refusal.digests or (b"",)
    values = (
        f"{minute:%Y%m%d%H%M}:",
        f":{code}:",
        connection.ops.adapt_datetimefield_value(minute),
        code,
        status,
        seen.request_id,
        connection.ops.adapt_ipaddressfield_value(seen.address or ""),
        seen.client,
        refusal.mistake,
        *digests,
        refusal.client_key,
    )
    with connection.cursor() as cursor:
        cursor.execute(_fold_sql(connection.vendor, len(digests)), values)


@lru_cache(maxsize=8)
def _fold_sql(vendor: str, digests: int) -> str:
    quote = connection.ops.quote_name
    table, pairs = (quote(model._meta.db_table) for model in (RefusedRequests, Credential))
    inet = RefusedRequests._meta.get_field("address").db_type(connection)
    last = ", ".join(f"{name} = excluded.{name}" for name in ("request_id", "address", "client"))
    places = ", ".join(["%s"] * digests)
    return (
        f"INSERT INTO {table} AS folded "  # noqa: S608
        "(key, at, api_call_id, credential_id, code, mistake, status, "
        "request_id, address, client, times) "
        "SELECT %s || CAST(COALESCE(found.id, 0) AS text) || %s || found.mistake, %s, "
        f"found.api_call_id, found.id, %s, found.mistake, %s, %s, CAST(%s AS {inet}), %s, 1 "
        "FROM (SELECT pair.id, pair.api_call_id, COALESCE(%s, CASE "
        f"WHEN pair.id IS NULL THEN '{Mistake.UNKNOWN_KEY.value}' "
        f"WHEN pair.secret_digest IN ({places}) THEN '{Mistake.ENDED.value}' "
        f"ELSE '{Mistake.WRONG_SECRET.value}' END) AS mistake "
        f"FROM (SELECT 1 AS one) AS sent LEFT JOIN {pairs} AS pair ON pair.client_key = %s"
        ") AS found WHERE true "
        f"ON CONFLICT (key) DO UPDATE SET times = folded.times + 1, {last}"
    )


# --- Where nothing can be written ------------------------------------------------------


def logged(
    request: HttpRequest, answer: HttpResponseBase, log: Callable[[], None]
) -> HttpResponseBase:
    """Return the answer after `log` has written it, or else the problem that kept it from that.

    That problem is the one answer that leaves without a row, and the server's log has its line.
    A database that is only read-only is no such problem: see `written` and `_spool`.
    """
    try:
        log()
    except Exception as error:
        measured.log_row("failed")
        problem = problem_of(error, request)
        request_id, code = request_id_of(request), problem.kind.code
        logger.error("Not in the request log: %s %s %s", request_id, problem.status_code, code)
        return problem_response(request, problem)
    return answer


def written(write: Callable[[], T], request_id: str, status: int, code: str) -> T | None:
    """Write, or say in the server's log what could not be written; None then.

    For what has no row of its own: in the spool anybody could fill the disk with it.
    """
    try:
        row = write()
    except (InternalError, OperationalError) as error:
        if not is_read_only(error):
            raise
        measured.log_row("read_only")
        logger.error("Not in the request log, read-only: %s %s %s", request_id, status, code)
        return None
    measured.log_row("written")
    return row


def is_read_only(error: Exception) -> bool:
    """Tell whether that is why the database did not write."""
    # PostgreSQL: read_only_sql_transaction; SQLite has no other code for it than its words.
    return getattr(error.__cause__, "sqlstate", None) == "25006" or "readonly" in str(error)
