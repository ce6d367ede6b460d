"""The document that all programs answer with, made of rows by the product's own rules.

The rules know neither ORM nor HTTP, and cost all programs the same.
"""

import hmac
import os
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from workers.compliance import (
    CompliantWhen,
    Component,
    Level,
    Status,
    is_compliant,
    next_change_on,
    status_on,
    summary,
)

_HEADER = re.compile(r"(?i:amx)[ \t]+([0-9A-Z]{14}):[ \t]*([0-9A-Z]{32})")
_ORDER = {component: number for number, component in enumerate(Component)}


class WorkerRow(NamedTuple):
    id: int
    id_number: str
    first_name: str
    middle_name: str
    last_name: str
    is_active: bool
    worker_type: str
    position: str | None
    location: str | None
    division: str | None


class ItemRow(NamedTuple):
    requirement_id: int
    component: str
    name: str
    compliant_when: str
    level: str
    because: str
    standing: str
    coming_due_on: date | None
    expires_on: date | None
    completed_on: date | None
    issued_on: date | None
    certificate_number: str | None
    issuer: str | None


class Item(NamedTuple):
    row: ItemRow
    component: Component
    level: Level
    status: Status
    compliant: bool
    next_change_on: date | None


def today_in(time_zone: str) -> date:
    return datetime.now(ZoneInfo(time_zone)).date()


def document(worker: WorkerRow, rows: list[ItemRow], today: date) -> dict[str, Any]:
    """Return what the worker's day looks like."""
    items = items_of(rows, today)
    totals = summary(items, is_active=worker.is_active)
    changes = [one.next_change_on for one in items if one.next_change_on]
    return {
        "version": "1",
        "asOf": today,
        "nextChangeOn": min(changes, default=None),
        "worker": {
            "id": f"wkr_{worker.id}",
            "workerIDNumber": worker.id_number,
            "firstName": worker.first_name,
            "middleName": worker.middle_name,
            "lastName": worker.last_name,
            "active": worker.is_active,
            "workerType": worker.worker_type,
            "position": worker.position,
            "location": worker.location,
            "division": worker.division,
        },
        "compliance": {
            "compliant": totals.compliant,
            "status": totals.status,
            "percent": totals.percent,
            "required": totals.required,
            "complete": totals.complete,
            "outstanding": totals.outstanding,
            "comingDue": totals.coming_due,
            "components": [
                {
                    "component": one.component,
                    "required": one.required,
                    "complete": one.complete,
                    "percent": one.percent,
                }
                for one in totals.components
            ],
            "items": [_shown(one, worker, today) for one in items],
        },
    }


def items_of(rows: Iterable[ItemRow], today: date) -> list[Item]:
    """Return what is asked of the worker, in the order in which it is told."""
    return sorted(
        (item_of(row, today) for row in rows),
        key=lambda one: (_ORDER[one.component], one.row.name, one.row.requirement_id),
    )


def item_of(row: ItemRow, today: date) -> Item:
    standing = Status(row.standing)
    status = status_on(standing, row.coming_due_on, row.expires_on, today)
    return Item(
        row,
        Component(row.component),
        Level(row.level),
        status,
        is_compliant(status, CompliantWhen(row.compliant_when)),
        next_change_on(standing, row.coming_due_on, row.expires_on, today),
    )


def _shown(item: Item, worker: WorkerRow, today: date) -> dict[str, Any]:
    row = item.row
    return {
        "id": f"req_{row.requirement_id}",
        "component": item.component,
        "name": row.name,
        "level": item.level,
        "status": item.status,
        "compliant": item.compliant,
        "completedOn": row.completed_on,
        "issuedOn": row.issued_on,
        "expiresOn": row.expires_on,
        "daysLeft": (row.expires_on - today).days if row.expires_on else None,
        "certificateNumber": row.certificate_number or None,
        "issuer": row.issuer or None,
        "because": because_of(row.because, worker.position or "", worker.location or ""),
    }


def because_of(because: str, position: str, location: str) -> list[str]:
    if because == "position":
        return [position]
    if because == "location":
        return [location]
    if because == "position_at_location":
        return [f"{position} at {location}"]
    return [position, location]


# --- The pair ------------------------------------------------------------------------------


def pair_in(header: str) -> tuple[str, str] | None:
    """Return Client Key and Client Secret."""
    found = _HEADER.fullmatch(header)
    return (found[1], found[2]) if found else None


def is_right(key: str, secret: str, *, digest: bytes, pepper_number: int) -> bool:
    given = hmac.digest(_peppers()[pepper_number], f"{key}:{secret}".encode(), "sha256")
    return hmac.compare_digest(given, digest)


@lru_cache(maxsize=1)
def _peppers() -> dict[int, bytes]:
    entries = (one.partition(":") for one in os.environ["CREDENTIAL_PEPPERS"].split(","))
    return {int(number): urlsafe_b64decode(key) for number, _, key in entries}
