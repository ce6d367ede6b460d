"""Rehearsal ID#s: made-up workers on the real endpoint, for whoever builds against it.

A program can so be tried with every kind of answer, in the call's own format and fields,
before it is let loose on people. Documents and problems of a rehearsal say "test": true.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from apicalls.parameters import LAST_NAME, WORKER_ID_NUMBER
from workers.compliance import Component, Level, Status
from workers.facts import Found, ItemFacts, WorkerFacts
from workhub.problems import Problem

# Seconds that the made-up refusals say to wait.
_WAIT = "1"


def rehearsed(values: Mapping[str, str], today: date) -> Found | None:
    """Return the made-up worker whom the values ask for, or None when they ask for a real one.

    The ID# decides; a call that asks by names only has it in the last name. Raises the
    problem that is to be rehearsed.
    """
    asked = values.get(WORKER_ID_NUMBER, values.get(LAST_NAME, "")).strip().upper()
    answer = _ANSWERS.get(asked)
    return None if answer is None else answer(asked, today)


def _compliant(id_number: str, today: date) -> Found:
    return Found(_worker(id_number), [_first_aid(today, days_left=400), _orientation(today)])


def _expired(id_number: str, today: date) -> Found:
    return Found(_worker(id_number), [_first_aid(today, days_left=-20), _orientation(today)])


def _coming_due(id_number: str, today: date) -> Found:
    return Found(_worker(id_number), [_first_aid(today, days_left=10), _orientation(today)])


def _inactive(id_number: str, today: date) -> Found:
    return Found(_worker(id_number)._replace(is_active=False), [])


def _raises(code: str, detail: str = "", headers: Mapping[str, str] | None = None) -> "_Answer":
    def answer(id_number: str, today: date) -> Found:
        raise Problem(code, detail=detail, headers=headers, is_test=True)

    return answer


_Answer = Callable[[str, date], Found]
_ANSWERS: Mapping[str, _Answer] = {
    "TEST-COMPLIANT": _compliant,
    "TEST-EXPIRED": _expired,
    "TEST-COMING-DUE": _coming_due,
    "TEST-INACTIVE": _inactive,
    "TEST-NOT-FOUND": _raises("worker_not_found"),
    "TEST-AMBIGUOUS": _raises(
        "worker_ambiguous",
        "2 workers have this name. Ask by workerIDNumber, which is unique.",
    ),
    "TEST-RATE-LIMITED": _raises(
        "rate_limited", headers={"Retry-After": _WAIT, "RateLimit": f'"call";r=0;t={_WAIT}'}
    ),
    "TEST-UNAVAILABLE": _raises("temporarily_unavailable", headers={"Retry-After": _WAIT}),
}
REHEARSAL_ID_NUMBERS = tuple(_ANSWERS)


def _worker(id_number: str) -> WorkerFacts:
    return WorkerFacts(
        id=0,
        id_number=id_number,
        first_name="Test",
        middle_name="",
        last_name="Worker",
        is_active=True,
        worker_type="employee",
        position="Test position",
        location="Test location",
        division="Test division",
        email="test.worker@example.com",
    )


def _first_aid(today: date, *, days_left: int) -> ItemFacts:
    """Return a certificate with so many days left; it comes due 30 days before its end."""
    expires_on = today + timedelta(days=days_left)
    is_valid = days_left >= 0
    status = Status.EXPIRED
    next_change_on = None
    if is_valid:
        is_due = days_left <= 30
        status = Status.COMING_DUE if is_due else Status.CURRENT
        next_change_on = expires_on + timedelta(days=1 if is_due else -30)
    return ItemFacts(
        requirement_id=0,
        component=Component.CERTIFICATE,
        name="Test certificate",
        level=Level.REQUIRED,
        status=status,
        compliant=is_valid,
        completed_on=expires_on - timedelta(days=730),
        issued_on=expires_on - timedelta(days=730),
        expires_on=expires_on,
        days_left=days_left,
        certificate_number="TEST-1",
        issuer="Test issuer",
        because=["Test position"],
        next_change_on=next_change_on,
        lapses_on=expires_on + timedelta(days=1) if is_valid else None,
    )


def _orientation(today: date) -> ItemFacts:
    return ItemFacts(
        requirement_id=1,
        component=Component.ORIENTATION,
        name="Test orientation",
        level=Level.REQUIRED,
        status=Status.CURRENT,
        compliant=True,
        completed_on=today - timedelta(days=100),
        issued_on=None,
        expires_on=None,
        days_left=None,
        certificate_number=None,
        issuer=None,
        because=["Test location"],
        next_change_on=None,
    )
