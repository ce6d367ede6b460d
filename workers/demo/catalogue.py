"""Where the demo's people work, and what is asked of them there."""

from collections.abc import Mapping
from dataclasses import dataclass

from workers.compliance import CompliantWhen, Component, Level
from workers.services import RequirementFields

# (position or None, location or None, level)
AssignedTo = tuple[str | None, str | None, Level]


@dataclass(frozen=True, slots=True)
class Offered:
    """A requirement with its assignments; `issuer` is what its certificates name."""

    fields: RequirementFields
    assignments: tuple[AssignedTo, ...]
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`locations` maps a location to its division, None for one that is in none."""

    locations: Mapping[str, str | None]
    positions: tuple[str, ...]
    requirements: tuple[Offered, ...]

    @property
    def issuers(self) -> dict[str, str]:
        return {offered.fields["name"]: offered.issuer for offered in self.requirements}


def _at(location: str, level: Level = Level.REQUIRED) -> AssignedTo:
    return None, location, level


def _as(position: str, level: Level = Level.REQUIRED) -> AssignedTo:
    return position, None, level


def _offered(
    component: Component,
    name: str,
    *assignments: AssignedTo,
    issuer: str = "",
    months: int | None = None,
    when: CompliantWhen = CompliantWhen.AFTER_APPROVAL,
    version: int = 1,
    coming_due_days: int | None = None,
    section: str = "",
    category: str = "",
) -> Offered:
    return Offered(
        {
            "component": component,
            "name": name,
            "validity_months": months,
            "compliant_when": when,
            "version": version,
            "coming_due_days": coming_due_days,
            "section_number": section,
            "category": category,
        },
        assignments,
        issuer,
    )


_YARD, _CAMP, _SHOP, _DEPOT, _SIDING, _OFFICE = (
    "Calgary Yard",
    "Fort McMurray Camp",
    "Red Deer Shop",
    "Edmonton Depot",
    "Lethbridge Siding",
    "Head Office",
)
_SITES = (_YARD, _CAMP, _SHOP, _DEPOT, _SIDING)
FOREMAN = "Foreman"
_CRANE, _RIGGER, _WELDER, _TRACK, _ENGINEER, _LABOURER, _ADVISOR, _CLERK = (
    "Crane Operator",
    "Rigger",
    "Welder",
    "Track Maintainer",
    "Locomotive Engineer",
    "Labourer",
    "Safety Advisor",
    "Office Clerk",
)

MAIN_CATALOGUE = Catalogue(
    locations={
        _YARD: "Construction",
        _CAMP: "Heavy Lift",
        _SHOP: "Fabrication",
        _DEPOT: "Rail",
        _SIDING: "Rail",
        _OFFICE: None,
    },
    positions=(
        _CRANE,
        _RIGGER,
        _WELDER,
        _TRACK,
        _ENGINEER,
        _LABOURER,
        FOREMAN,
        _ADVISOR,
        _CLERK,
    ),
    requirements=(
        _offered(
            Component.ONLINE_TRAINING,
            "WHMIS",
            *map(_at, _SITES),
            months=36,
            category="Hazardous products",
        ),
        _offered(
            Component.ONLINE_TRAINING,
            "Fatigue Management",
            _as(_ENGINEER),
            _as(_CRANE),
            _at(_CAMP),
            months=24,
        ),
        _offered(
            Component.ONLINE_TRAINING,
            "Defensive Driving",
            _as(FOREMAN),
            _as(_CLERK, Level.OPTIONAL),
            _at(_CAMP, Level.OPTIONAL),
            months=36,
        ),
        _offered(
            Component.CERTIFICATE,
            "First Aid",
            *map(_at, (_YARD, _CAMP, _SIDING)),
            *map(_as, (_CRANE, FOREMAN, _ADVISOR)),
            _as(_CLERK, Level.OPTIONAL),
            # Drives through to deliver papers, and works with nothing there.
            (_CLERK, _YARD, Level.NOT_APPLICABLE),
            months=36,
            issuer="Red Cross",
        ),
        _offered(
            Component.CERTIFICATE,
            "Fall Protection",
            *map(_as, (_CRANE, _RIGGER, _WELDER)),
            (_LABOURER, _YARD, Level.REQUIRED),
            (_CRANE, _DEPOT, Level.NOT_APPLICABLE),
            months=36,
            issuer="Energy Safety Canada",
        ),
        _offered(
            Component.CERTIFICATE,
            "Confined Space Entry",
            (_WELDER, _SHOP, Level.REQUIRED),
            (_LABOURER, _CAMP, Level.REQUIRED),
            _as(_ADVISOR, Level.OPTIONAL),
            months=36,
            issuer="Energy Safety Canada",
        ),
        _offered(
            Component.CERTIFICATE,
            "H2S Alive",
            _at(_CAMP),
            (_CRANE, _YARD, Level.REQUIRED),
            months=36,
            coming_due_days=60,
            issuer="Energy Safety Canada",
        ),
        _offered(
            Component.CERTIFICATE,
            "Mobile Crane Licence",
            _as(_CRANE),
            months=60,
            coming_due_days=90,
            issuer="Apprenticeship and Industry Training",
        ),
        _offered(
            Component.CERTIFICATE, "Welder Qualification", _as(_WELDER), months=24, issuer="CWB"
        ),
        _offered(
            Component.CERTIFICATE,
            "Rail Operating Rules",
            *map(_as, (_ENGINEER, _TRACK)),
            months=36,
            issuer="Transport Canada",
        ),
        _offered(
            Component.POLICY,
            "Drug & Alcohol Policy",
            *map(_at, (*_SITES, _OFFICE)),
            months=12,
            when=CompliantWhen.ON_SUBMISSION,
            version=2,
            section="1.4",
        ),
        _offered(
            Component.POLICY,
            "Health & Safety Policy",
            *map(_at, (*_SITES, _OFFICE)),
            months=12,
            when=CompliantWhen.ON_SUBMISSION,
            section="1.1",
        ),
        _offered(
            Component.PROCEDURE,
            "Lock-out/Tag-out",
            *map(_as, (_WELDER, _ENGINEER, _CRANE)),
            _at(_SHOP),
            months=24,
            version=3,
            section="4.2",
        ),
        _offered(
            Component.PROCEDURE,
            "Hot Work Permit",
            _as(_WELDER),
            (FOREMAN, _SHOP, Level.REQUIRED),
            months=24,
            section="4.7",
        ),
        _offered(
            Component.PROCEDURE,
            "Track Occupancy",
            *map(_as, (_TRACK, _ENGINEER)),
            _at(_SIDING),
            version=2,
            section="6.1",
        ),
        _offered(
            Component.BULLETIN,
            "Toolbox talk: pinch points",
            *map(_as, (_CRANE, _RIGGER, _LABOURER, _TRACK)),
            when=CompliantWhen.ON_SUBMISSION,
        ),
        _offered(
            Component.BULLETIN,
            "Toolbox talk: working in the cold",
            *(_at(site, Level.OPTIONAL) for site in _SITES),
            (_TRACK, _SIDING, Level.REQUIRED),
            when=CompliantWhen.ON_SUBMISSION,
        ),
        _offered(
            Component.COMPETENCY,
            "Crane Pre-use Inspection",
            _as(_CRANE),
            months=24,
            category="Lifting",
        ),
        _offered(
            Component.COMPETENCY,
            "Rigging and Signalling",
            _as(_RIGGER),
            _as(_CRANE, Level.OPTIONAL),
            months=24,
            category="Lifting",
        ),
        _offered(Component.COMPETENCY, "Track Protection", _as(_TRACK), months=24),
        _offered(Component.COMPETENCY, "Forklift", (_LABOURER, _SHOP, Level.REQUIRED), months=36),
        *(
            _offered(Component.ORIENTATION, f"Site Orientation: {site}", _at(site), months=12)
            for site in _SITES
        ),
        _offered(Component.ORIENTATION, "Supervisor Orientation", _as(FOREMAN)),
    ),
)

_STATION, _TERMINAL = "Central Station", "Harbour Terminal"
_CONDUCTOR, _SHUNTER, _FITTER = "Conductor", "Shunter", "Brake Fitter"

SECOND_CATALOGUE = Catalogue(
    locations={_STATION: "Passenger", _TERMINAL: "Freight"},
    positions=(_CONDUCTOR, _SHUNTER, _FITTER),
    requirements=(
        _offered(
            Component.CERTIFICATE,
            "First Aid",
            _at(_STATION),
            _as(_SHUNTER),
            months=24,
            issuer="Red Cross",
        ),
        _offered(Component.ONLINE_TRAINING, "Signals and Whistles", _as(_SHUNTER), _as(_CONDUCTOR)),
        _offered(
            Component.POLICY,
            "Fitness for Duty",
            _at(_STATION),
            _at(_TERMINAL),
            months=12,
            when=CompliantWhen.ON_SUBMISSION,
            version=2,
        ),
        _offered(
            Component.COMPETENCY, "Brake Test", _as(_FITTER), (_SHUNTER, _TERMINAL, Level.REQUIRED)
        ),
        _offered(Component.ORIENTATION, "Terminal Orientation", _at(_TERMINAL), months=12),
    ),
)
