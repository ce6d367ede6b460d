"""Mail before an API call, or its pair, is answered no longer: to its owner and the admins."""

import re
import zoneinfo
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django_tasks import task

from accounts.mail import mail_admins_of, mail_to
from accounts.models import Company
from apicalls.key_age import pair_ends_at
from apicalls.models import APICall, Credential, Reminder, State
from apicalls.visible import may_know

DAYS_BEFORE = (30, 7, 1, 0)
# A job that runs as late as this after the last day still tells; later it is no news.
LATE = timedelta(days=7)

_EMAIL = re.compile(r"[^\s<>,;()]+@[^\s<>,;()]+\.[^\s<>,;().]+")


class Why(StrEnum):
    """What ends the call: the day that was set for it, or the age of its pair."""

    EXPIRES = "expires"
    PAIR_TOO_OLD = "pair_too_old"


class End(NamedTuple):
    last_day: date
    why: Why


def end_of(credential: Credential) -> End | None:
    """Return the last day on which a call is answered with its current pair, None for no end.

    In the company's time zone. The credential comes with its call and company.
    """
    api_call = credential.api_call
    company = api_call.company
    ends = []
    if api_call.expires_on is not None:
        ends.append(End(api_call.expires_on, Why.EXPIRES))
    too_old_at = pair_ends_at(credential.created_at, company)
    if too_old_at is not None:
        zone = zoneinfo.ZoneInfo(company.time_zone)
        # The moment before: a pair that ends at midnight is not answered on that day.
        before = too_old_at - timedelta(microseconds=1)
        ends.append(End(timezone.localdate(before, timezone=zone), Why.PAIR_TOO_OLD))
    return min(ends, default=None)


def remind(*, company: Company) -> int:
    """Send what is due of the company, and return how many calls were told of.

    30, 7 and 1 days before the last day and on it, each once. Run late, it tells how it is now
    and leaves out what it missed; run twice or by two at once, it tells each once.
    """
    told = 0
    for credential, end in list(_nearing(company)):
        with transaction.atomic():
            if _noted(credential.api_call, end, (end.last_day - company.today()).days):
                end_notice.enqueue(credential.api_call_id)
                told += 1
    return told


def _nearing(company: Company) -> Iterator[tuple[Credential, End]]:
    today = company.today()
    pairs = Credential.objects.filter(
        ends_at=None, api_call__company=company, api_call__state=State.ACTIVE
    ).select_related("api_call__company")
    for credential in pairs:
        end = end_of(credential)
        if end and today - LATE <= end.last_day <= today + timedelta(days=max(DAYS_BEFORE)):
            yield credential, end


def _noted(api_call: APICall, end: End, days_left: int) -> bool:
    """Note all reminders that are due by now; tell whether the nearest of them is new."""
    due = [days for days in DAYS_BEFORE if days_left <= days]
    news = [
        Reminder.objects.get_or_create(api_call=api_call, last_day=end.last_day, days_before=days)[
            1
        ]
        for days in due
    ]
    return bool(news) and news[-1]


@task()
def end_notice(api_call_id: int) -> None:
    """Tell admins and owner by mail how long the call is answered, as things are now."""
    credential = (
        Credential.objects.select_related("api_call__company")
        .filter(api_call=api_call_id, ends_at=None, api_call__state=State.ACTIVE)
        .first()
    )
    end = end_of(credential) if credential else None
    if credential is None or end is None:
        return  # changed meanwhile
    api_call = credential.api_call
    context = {
        "api_call": api_call,
        "last_day": end.last_day,
        "days_left": (end.last_day - api_call.company.today()).days,
        "is_pair": end.why is Why.PAIR_TOO_OLD,
    }
    mail_admins_of(
        api_call.company,
        "apicalls/mail/call_ends",
        context,
        may_know=lambda admin: may_know(admin, api_call),
    )
    for email in dict.fromkeys(_EMAIL.findall(api_call.owner_contact)):
        mail_to(email, "apicalls/mail/call_ends_for_owner", context)
