"""A small company to write about: who works where, and builders that go through services."""

import pytest

from workers import services
from workers.models import Division, Location, Position


@pytest.fixture
def crane_operator(company):
    return Position.objects.create(company=company, name="Crane Operator")


@pytest.fixture
def welder(company):
    return Position.objects.create(company=company, name="Welder")


@pytest.fixture
def calgary_yard(company):
    construction = Division.objects.create(company=company, name="Construction")
    return Location.objects.create(company=company, name="Calgary Yard", division=construction)


@pytest.fixture
def edmonton_depot(company):
    return Location.objects.create(company=company, name="Edmonton Depot")


@pytest.fixture
def dana(company, crane_operator, calgary_yard):
    """A crane operator at the Calgary Yard, of whom nothing is asked yet."""
    return services.worker_add(
        company=company,
        by=None,
        id_number="10482",
        first_name="Dana",
        last_name="Okafor",
        position=crane_operator,
        location=calgary_yard,
    )


@pytest.fixture
def first_aid(company):
    """A certificate that is valid for three years, asked of nobody yet."""
    return services.requirement_add(
        company=company, by=None, component="certificate", name="First Aid", validity_months=36
    )


@pytest.fixture
def asked_first_aid(company, dana, first_aid, crane_operator):
    """First Aid, required of crane operators."""
    services.assignment_set(
        company=company, requirement=first_aid, position=crane_operator, level="required", by=None
    )
    return first_aid


@pytest.fixture
def theirs(other_company, outsider):
    """The other company's rows, by name: one of each."""
    position = Position.objects.create(company=other_company, name="Shunter")
    location = Location.objects.create(company=other_company, name="Harbour Terminal")
    worker = services.worker_add(
        company=other_company,
        by=None,
        id_number="10482",
        first_name="Jürgen",
        last_name="Weiß",
        position=position,
        location=location,
    )
    requirement = services.requirement_add(
        company=other_company, by=None, component="policy", name="Fitness for Duty"
    )
    assignment = services.assignment_set(
        company=other_company, requirement=requirement, position=position, level="required", by=None
    )
    record = services.record_add(
        company=other_company,
        worker=worker,
        requirement=requirement,
        by=None,
        state="submitted",
        submitted_on="2026-01-05",
    )
    return {
        "position": position,
        "location": location,
        "worker": worker,
        "requirement": requirement,
        "assignment": assignment,
        "record": record,
        "user": outsider,
    }
