"""What is counted of the API while it answers, and what is read when somebody looks.

No label has a value that somebody outside could add to: templates, problem codes and states, and
never a company, a call, a key or a worker.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min
from django.http.response import HttpResponseBase
from django_tasks_db.models import DBTaskResult

from apicalls.spool import spool
from workers.models import WorkerRequirement
from workhub.meters import Shared

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily

logger = logging.getLogger(__name__)

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# The last place on Earth where a day begins, behind UTC.
_LAST_ZONE = timedelta(hours=12)


class _Meters:
    """The counters of this process. What is looked up for each answer is a dict's entry."""

    def __init__(self, registry: "CollectorRegistry"):
        from prometheus_client import Counter, Histogram

        self._requests = Counter(
            "workhub_api_requests",
            "Answers of the API: outcome is the problem's code, else the status",
            ["template", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "workhub_api_request_seconds",
            "Time from the endpoint's begin to its answer, of a stream to the first byte",
            ["template"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._limiter = Counter(
            "workhub_api_limiter_requests",
            "Requests with a right pair, by what the limit of their API call said",
            ["result"],
            registry=registry,
        )
        self._log_rows = Counter(
            "workhub_request_log_rows",
            "Rows of the request log, by whether they could be written",
            ["result"],
            registry=registry,
        )
        self._streams = Counter(
            "workhub_api_streams",
            "Streams that ended, by whether they had come to their end",
            ["result"],
            registry=registry,
        )
        self._list_reads = Counter(
            "workhub_api_list_reads",
            "Lists that could be read from a replica, by whether they were",
            ["result"],
            registry=registry,
        )
        self._request: dict[tuple[str, str], Counter] = {}
        self._second: dict[str, Histogram] = {}
        # Made now: a series that is not there until its first failure hides it from rate().
        self.allowed, self.refused, self.not_counted = (
            self._limiter.labels(result) for result in ("allowed", "refused", "not_counted")
        )
        self.row_of = {
            result: self._log_rows.labels(result)
            for result in ("written", "spooled", "read_only", "failed")
        }
        self.list_read_of = {
            result: self._list_reads.labels(result) for result in ("replica", "behind", "failed")
        }
        self.complete, self.interrupted = (
            self._streams.labels(result) for result in ("complete", "interrupted")
        )

    def request(self, template: str, outcome: str) -> None:
        key = (template, outcome)
        counter = self._request.get(key)
        if counter is None:
            counter = self._request[key] = self._requests.labels(template, outcome)
        counter.inc()

    def seconds(self, template: str, seconds: float) -> None:
        histogram = self._second.get(template)
        if histogram is None:
            histogram = self._second[template] = self._seconds.labels(template)
        histogram.observe(seconds)


_shared: Shared | None = None
_meters: _Meters | None = None


def start() -> None:
    """Begin to count in this process, which is one that answers, where somebody may read it.

    Whatever keeps it from that is no reason not to answer: the server's log has its line.
    """
    global _shared, _meters
    if not settings.METRICS_TOKEN and not settings.METRICS_NETWORKS:
        return
    try:
        shared = Shared(Path(settings.METRICS_FOLDER))
        with shared.opened() as registry:
            _meters = _Meters(registry)
        _shared = shared
    except OSError as error:
        logger.error("Nothing is counted for /metrics: %s", error)


# --- While it answers ------------------------------------------------------------------


def answered(view: Any, answer: HttpResponseBase) -> None:
    """Count an answer of an endpoint, which is about to leave."""
    if _meters is None:
        return
    template = view.document or _name_of(view)
    _meters.request(template, _outcome(answer))
    _meters.seconds(template, time.perf_counter() - view.started_at)
    if view.usage is not None:
        (_meters.allowed if view.usage.allowed else _meters.refused).inc()
    elif view.grant is not None and answer.status_code < 400:
        _meters.not_counted.inc()


def answered_elsewhere(answer: HttpResponseBase) -> None:
    """Count an answer to a request that came to no endpoint."""
    if _meters is not None:
        _meters.request("none", _outcome(answer))


def log_row(result: str) -> None:
    """Count a row of the request log: "written", "spooled", "read_only" or "failed"."""
    if _meters is not None:
        _meters.row_of[result].inc()


def stream_ended(code: str) -> None:
    """Count a stream that ends; `code` is "" where it came to its end."""
    if _meters is not None:
        (_meters.interrupted if code else _meters.complete).inc()


def list_read(result: str) -> None:
    """Count a list with a replica to read it from: "replica", or why not "behind" or "failed"."""
    if _meters is not None:
        _meters.list_read_of[result].inc()


def _outcome(answer: HttpResponseBase) -> str:
    return getattr(answer, "problem_code", "") or str(answer.status_code)


def _name_of(view: Any) -> str:
    """Return the name of an address that is of no template: verify or nowhere."""
    match = view.request.resolver_match
    return match.url_name if match else "none"


# --- When somebody looks ---------------------------------------------------------------


def exposition() -> bytes | None:
    """Return everything as the text format of Prometheus, None where this process counts nothing.

    Without a database it is what was counted.
    """
    if _shared is None:
        return None
    from prometheus_client import CollectorRegistry, generate_latest

    counted = _shared.text()
    read = CollectorRegistry()
    read.register(_Read(_shared))
    return counted + generate_latest(read)


class _Read:
    """A collector of prometheus_client's, of what is read and not counted."""

    def __init__(self, shared: Shared):
        self._shared = shared

    def describe(self) -> list["GaugeMetricFamily"]:
        return []  # else it is collected once more, to be told its names

    def collect(self) -> Iterator["GaugeMetricFamily"]:
        yield gauge("workhub_processes", "Server processes that run here", self._shared.processes())
        # Not of the database, and most asked for when that is away.
        waiting = spool().waiting()
        yield gauge("workhub_log_spool_bytes", "Rows of the log that wait in files", waiting.size)
        yield gauge(
            "workhub_log_spool_seconds", "How long the oldest of them waits", waiting.seconds
        )
        try:
            found = [one for read in READ_IN_DATABASE for one in read()]
        except DatabaseError as error:
            logger.warning("Not read for /metrics: %s", type(error).__name__)
            connection.close()
            found = []
            is_up = 0
        else:
            is_up = 1
        yield gauge("workhub_database_up", "Whether the database answered just now", is_up)
        yield from found


def gauge(name: str, text: str, value: float) -> "GaugeMetricFamily":
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, text, value=value)


def _tasks() -> Iterator["GaugeMetricFamily"]:
    waiting = DBTaskResult.objects.ready().order_by()
    found = waiting.aggregate(times=Count("pk"), since=Min("enqueued_at"))
    since = found["since"]
    age = (datetime.now(UTC) - since).total_seconds() if since else 0
    yield gauge("workhub_tasks_waiting", "Background tasks that nobody works on", found["times"])
    yield gauge("workhub_tasks_waiting_seconds", "How long the oldest of them waits", max(age, 0))


def _feed() -> Iterator["GaugeMetricFamily"]:
    """Tell how far the changes feed is behind the days, which `tick` tells it of.

    A day counts from when it has begun everywhere, so that no company's is told of too early.
    """
    first = WorkerRequirement.objects.filter(next_change_on__isnull=False).order_by(
        "next_change_on"
    )
    day = first.values_list("next_change_on", flat=True).first()
    seconds = 0.0
    if day is not None:
        began = datetime(day.year, day.month, day.day, tzinfo=UTC) + _LAST_ZONE
        seconds = max(0.0, (datetime.now(UTC) - began).total_seconds())
    yield gauge(
        "workhub_feed_lag_seconds", "How long ago a day began that the feed knows not of", seconds
    )


def _connections() -> Iterator["GaugeMetricFamily"]:
    """Tell the connections of our role, from all processes and machines, and the server's most."""
    if connection.vendor != "postgresql":
        return
    from prometheus_client.core import GaugeMetricFamily

    of_state = GaugeMetricFamily(
        "workhub_database_connections", "Connections of this database's role", labels=["state"]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(state, 'unknown'), count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND usename = current_user GROUP BY 1 ORDER BY 1"
        )
        for state, times in cursor.fetchall():
            of_state.add_metric([state], times)
        cursor.execute("SELECT current_setting('max_connections')::int")
        [most] = cursor.fetchone()
    yield of_state
    yield gauge(
        "workhub_database_connections_max", "Connections that the database server takes", most
    )


# What more is to be read of the database is one more function here.
READ_IN_DATABASE: list[Callable[[], Iterator["GaugeMetricFamily"]]] = [_tasks, _feed, _connections]
