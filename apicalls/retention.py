"""How long the request log is kept: as long as each company wants.

What is too old is deleted beside the requests that go on: a whole month at a time where no
company keeps it, and else in batches, each a transaction of its own. What was deleted before
an interruption stays deleted.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone

from accounts.models import DEFAULT_REQUEST_LOG_DAYS, Company
from apicalls.models import APICall, RefusedRequests, RequestCount, RequestDayCount, RequestLog
from apicalls.partitions import partitions_drop

# Rows that are deleted in one transaction.
BATCH = 5000

# What is deleted by, and the column that says when it was.
_TIMES: dict[Any, str] = {
    RequestLog: "at",
    RefusedRequests: "at",
    RequestCount: "begins_at",
    RequestDayCount: "last_at",
}


def purge(*, batch: int = BATCH) -> int:
    """Delete what is older than each company keeps it, and return how many rows that were.

    `batch` rows at a time, and a few more where several have the same time.
    """
    now = timezone.now()
    longest = Company.objects.aggregate(days=Max("request_log_days"))["days"]
    deleted = 0
    if longest is not None:
        deleted += partitions_drop(before=now - timedelta(days=longest))
    for company in Company.objects.order_by("pk"):
        before = now - timedelta(days=company.request_log_days)
        for api_call_id in APICall.objects.for_company(company).values_list("pk", flat=True):
            for model in _TIMES:
                deleted += _purge(model, Q(api_call=api_call_id), before, batch)
    nobodys_before = now - timedelta(days=DEFAULT_REQUEST_LOG_DAYS)
    return deleted + _purge(RefusedRequests, Q(api_call=None), nobodys_before, batch)


def _purge(model: Any, whose: Q, before: datetime, batch: int) -> int:
    time = _TIMES[model]
    old = model.objects.filter(whose, **{f"{time}__lt": before})
    deleted: int = 0
    while True:
        # By time, and not by key: it is what the rows are indexed and partitioned by.
        last = old.order_by(time).values_list(time, flat=True)[batch - 1 : batch].first()
        rows = old if last is None else old.filter(**{f"{time}__lte": last})
        deleted += rows.delete()[0]
        if last is None:
            return deleted
