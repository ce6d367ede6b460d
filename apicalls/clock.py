"""What has to be done as time passes, and how often.

Each job does what is due by then: run late it does the same, run twice or by two at once it
does it once. Nothing that a page or an answer tells depends on when it ran last.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from accounts.audit.verification import verify_and_log
from accounts.models import Company
from apicalls import retention
from apicalls.draining import drain
from apicalls.ended_pairs import end_revived, note_missing
from apicalls.partitions import partitions_ensure
from apicalls.reminders import remind
from apicalls.usage.counts import count_days, count_up
from workers.dates import follow_dates

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """`do` returns how much there was to do; `did` says it: "%d rows deleted"."""

    did: str
    every: timedelta
    do: Callable[[], int]


def _of_each_company(do: Callable[..., int]) -> Callable[[], int]:
    def of_all() -> int:
        # Each has transactions of its own, so that none is around all of them.
        return sum(do(company=company) for company in Company.objects.order_by("pk"))

    return of_all


JOBS = (
    Job("%d rows of the request log taken from the spool", timedelta(), drain),
    Job(
        "%d quarters of an hour of requests counted",
        timedelta(minutes=5),
        _of_each_company(count_up),
    ),
    Job("%d days of requests counted", timedelta(minutes=15), _of_each_company(count_days)),
    # Midnight is at some quarter of an hour everywhere.
    Job(
        "%d changes told that days have made",
        timedelta(minutes=15),
        _of_each_company(follow_dates),
    ),
    Job("%d ends of API calls told of", timedelta(minutes=15), _of_each_company(remind)),
    Job("%d pairs ended that a backup had brought back", timedelta(minutes=15), end_revived),
    Job("%d pairs noted that have ended", timedelta(minutes=15), note_missing),
    Job("%d entries of audit trails verified", timedelta(days=1), _of_each_company(verify_and_log)),
    Job("%d months of the request log prepared", timedelta(days=1), partitions_ensure),
    Job("%d rows of the request log deleted", timedelta(days=1), retention.purge),
)


class Clock:
    """Knows when each job was run last in this process."""

    def __init__(self) -> None:
        self._run_at: dict[Job, float] = {}

    def tick(self) -> Iterator[str]:
        """Run what is due, and give a line for each job that found something to do.

        A job that fails is tried again at the next tick, and keeps no other from running.
        """
        for job in JOBS:
            now = time.monotonic()
            last = self._run_at.get(job)
            if last is not None and now - last < job.every.total_seconds():
                continue
            try:
                done = job.do()
            except Exception:
                logger.exception("Failed, and tried again: %s", job.did.replace("%d ", ""))
                continue
            self._run_at[job] = now
            if done:
                yield job.did % done
