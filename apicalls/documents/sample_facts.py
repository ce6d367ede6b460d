"""Made-up workers, for samples of documents."""

from datetime import date

from workers.compliance import Component, Level, Status
from workers.facts import Found, ItemFacts, WorkerFacts

AS_OF = date(2026, 3, 2)
# A cursor's looks.
LATEST = "WzEwNDNd:q3T5mZkXc0d8Jv1n2rYb7uLhPwEoSa9gKfViCtMx4QU"

_DANA = WorkerFacts(
    id=1,
    id_number="10482",
    first_name="Dana",
    middle_name="",
    last_name="Okafor",
    is_active=True,
    worker_type="employee",
    position="Crane Operator",
    location="Calgary Yard",
    division="Construction",
    email="dana.okafor@example.com",
)
_AMELIE = WorkerFacts(
    id=2,
    id_number="10519",
    first_name="Amélie",
    middle_name="Rose",
    last_name="Roy",
    is_active=True,
    worker_type="contractor",
    position="Welder",
    location="Calgary Yard",
    division="Construction",
    email="",
)


def _first_aid(status: Status, completed_on: date, expires_on: date, number: str) -> ItemFacts:
    is_valid = status is not Status.EXPIRED
    return ItemFacts(
        requirement_id=44,
        component=Component.CERTIFICATE,
        name="First Aid",
        level=Level.REQUIRED,
        status=status,
        compliant=is_valid,
        completed_on=completed_on,
        issued_on=completed_on,
        expires_on=expires_on,
        days_left=(expires_on - AS_OF).days,
        certificate_number=number,
        issuer="Red Cross",
        because=["Crane Operator", "Calgary Yard"] if not is_valid else ["Calgary Yard"],
        next_change_on=date(2026, 3, 21) if is_valid else None,
        lapses_on=date(2026, 3, 21) if is_valid else None,
    )


_ORIENTATION = ItemFacts(
    requirement_id=51,
    component=Component.ORIENTATION,
    name="Calgary Yard orientation",
    level=Level.REQUIRED,
    status=Status.CURRENT,
    compliant=True,
    completed_on=date(2025, 9, 1),
    issued_on=None,
    expires_on=None,
    days_left=None,
    certificate_number=None,
    issuer=None,
    because=["Calgary Yard"],
    next_change_on=None,
)
_WINTER_DRIVING = ItemFacts(
    requirement_id=63,
    component=Component.BULLETIN,
    name="Winter driving",
    level=Level.OPTIONAL,
    status=Status.MISSING,
    compliant=False,
    completed_on=None,
    issued_on=None,
    expires_on=None,
    days_left=None,
    certificate_number=None,
    issuer=None,
    because=["Calgary Yard"],
    next_change_on=None,
)

FOUND = (
    Found(
        _DANA,
        [
            _first_aid(Status.EXPIRED, date(2023, 2, 10), date(2026, 2, 10), "FA-88120"),
            _WINTER_DRIVING,
            _ORIENTATION,
        ],
    ),
    Found(
        _AMELIE,
        [
            _first_aid(Status.COMING_DUE, date(2023, 3, 20), date(2026, 3, 20), "FA-90417"),
            _ORIENTATION,
        ],
    ),
)
