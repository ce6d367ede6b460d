"""Random histories of a company, for tests of what must hold after any of them."""

from datetime import date

from hypothesis import strategies as st

from accounts.models import Company
from accounts.services import company_change
from workers import services
from workers.models import Division, Location, Position

DAYS = st.none() | st.dates(date(2024, 1, 1), date(2026, 12, 31))
RECORD = st.fixed_dictionaries(
    {
        "state": st.sampled_from(
            [
                "in_progress",
                "submitted",
                "rejected",
                "approved",
                "declined",
                "requires_supervision",
                "prequalified",
            ]
        ),
        "completed_on": st.dates(date(2024, 1, 1), date(2026, 12, 31)),
        "issued_on": DAYS,
        "expires_on": DAYS,
    }
)
PICK = st.integers(0, 99)
# A day apart: 26 hours lie between the first and the last.
ZONES = ["Pacific/Kiritimati", "America/Edmonton", "Pacific/Niue"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("worker_add"), PICK, PICK),
        st.tuples(st.just("worker_move"), PICK, PICK, PICK),
        st.tuples(st.just("worker_switch"), PICK, st.booleans()),
        st.tuples(st.just("worker_type_change"), PICK, st.sampled_from(["employee", "contractor"])),
        st.tuples(st.just("location_put"), PICK, PICK),
        st.tuples(
            st.just("requirement_change"),
            PICK,
            st.fixed_dictionaries(
                {},
                optional={
                    "validity_months": st.none() | st.integers(1, 36),
                    "coming_due_days": st.none() | st.integers(0, 90),
                    "compliant_when": st.sampled_from(["on_submission", "after_approval"]),
                    "is_active": st.booleans(),
                },
            ),
        ),
        st.tuples(st.just("version_raise"), PICK),
        st.tuples(
            st.just("assignment_set"),
            PICK,
            PICK,
            PICK,
            st.sampled_from(["required", "optional", "not_applicable"]),
        ),
        st.tuples(st.just("assignment_remove"), PICK),
        st.tuples(st.just("record_add"), PICK, PICK, RECORD),
        st.tuples(st.just("records_add"), PICK, PICK, st.lists(RECORD, max_size=3)),
        st.tuples(st.just("record_change"), PICK, RECORD),
        st.tuples(st.just("coming_due_days_change"), st.integers(0, 90)),
        st.tuples(st.just("time_zone_change"), st.sampled_from(ZONES)),
    ),
    min_size=5,
    max_size=25,
)


class Play:
    """Does steps, each by a service, on whatever the numbers in it pick."""

    def __init__(self):
        self.company = Company.objects.create(name="Northern Build")
        self.whom = {"company": self.company, "by": None}
        self.positions = [None, *self._named(Position, "Crane Operator", "Welder")]
        self.divisions = [None, *self._named(Division, "Construction", "Rail")]
        self.locations = [None, *self._named(Location, "Calgary Yard", "Edmonton Depot")]
        self.workers = [
            services.worker_add(
                **self.whom, first_name="Dana", last_name="Okafor", position=self.positions[1]
            )
        ]
        self.requirements = [
            services.requirement_add(**self.whom, component="policy", name=name) for name in "AB"
        ]
        self.assignments, self.records = [], []

    def _named(self, model, *names):
        return [model.objects.create(company=self.company, name=name) for name in names]

    def worker_add(self, position, location):
        fields = {
            "first_name": "Abel",
            "last_name": "Lee",
            "position": pick(self.positions, position),
            "location": pick(self.locations, location),
        }
        self.workers.append(services.worker_add(**self.whom, **fields))

    def worker_move(self, worker, position, location):
        services.worker_change(
            **self.whom,
            worker=pick(self.workers, worker),
            position=pick(self.positions, position),
            location=pick(self.locations, location),
        )

    def worker_switch(self, worker, is_active):
        services.worker_change(**self.whom, worker=pick(self.workers, worker), is_active=is_active)

    def worker_type_change(self, worker, worker_type):
        services.worker_change(
            **self.whom, worker=pick(self.workers, worker), worker_type=worker_type
        )

    def location_put(self, location, division):
        """Put a location into another division."""
        location = pick(self.locations[1:], location)
        services.place_change(**self.whom, place=location, division=pick(self.divisions, division))

    def requirement_change(self, requirement, fields):
        services.requirement_change(
            **self.whom, requirement=pick(self.requirements, requirement), **fields
        )

    def version_raise(self, requirement):
        requirement = pick(self.requirements, requirement)
        requirement.refresh_from_db()
        services.requirement_change(
            **self.whom, requirement=requirement, version=requirement.version + 1
        )

    def assignment_set(self, requirement, position, location, level):
        place = {
            "position": pick(self.positions, position),
            "location": pick(self.locations, location),
        }
        if any(place.values()):
            self.assignments.append(
                services.assignment_set(
                    **self.whom,
                    requirement=pick(self.requirements, requirement),
                    level=level,
                    **place,
                )
            )

    def assignment_remove(self, assignment):
        if self.assignments:
            services.assignment_remove(**self.whom, assignment=pick(self.assignments, assignment))

    def record_add(self, worker, requirement, fields):
        self.records.append(
            services.record_add(
                **self.whom,
                worker=pick(self.workers, worker),
                requirement=pick(self.requirements, requirement),
                **fields,
            )
        )

    def records_add(self, worker, requirement, records):
        about = {
            "worker": pick(self.workers, worker),
            "requirement": pick(self.requirements, requirement),
        }
        self.records += services.records_add(
            **self.whom, records=[{**fields, **about} for fields in records]
        )

    def record_change(self, record, fields):
        if self.records:
            services.record_change(**self.whom, record=pick(self.records, record), **fields)

    def coming_due_days_change(self, days):
        company_change(**self.whom, coming_due_days=days)

    def time_zone_change(self, zone):
        company_change(**self.whom, time_zone=zone)


def pick(choices, number):
    return choices[number % len(choices)]
