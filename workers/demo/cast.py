"""The demo's people: some on purpose, each to show something, and many more by chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from workers.compliance import Status
from workers.demo.catalogue import Catalogue
from workers.folding import fold, fold_name
from workers.models import WorkerType
from workers.services import WorkerFields


@dataclass(frozen=True, slots=True)
class Person:
    """A worker to be. `statuses` says by requirement what the answer is to show; what is
    left out is up to chance."""

    id_number: str
    first_name: str
    middle_name: str
    last_name: str
    position: str | None
    location: str | None
    worker_type: str = WorkerType.EMPLOYEE
    is_active: bool = True
    statuses: Mapping[str, Status] = field(default_factory=dict)

    @property
    def fields(self) -> WorkerFields:
        return {
            "id_number": self.id_number,
            "first_name": self.first_name,
            "middle_name": self.middle_name,
            "last_name": self.last_name,
            "worker_type": self.worker_type,
            "is_active": self.is_active,
        }

    @property
    def name(self) -> tuple[str, str, str]:
        return self.first_name, self.middle_name, self.last_name


_MIXED = {
    "WHMIS": Status.CURRENT,
    "Fatigue Management": Status.IN_PROGRESS,
    "First Aid": Status.EXPIRED,
    "Fall Protection": Status.COMING_DUE,
    "H2S Alive": Status.CURRENT,
    "Mobile Crane Licence": Status.CURRENT,
    "Drug & Alcohol Policy": Status.REVIEW_AGAIN,
    "Health & Safety Policy": Status.WAITING_FOR_APPROVAL,
    "Lock-out/Tag-out": Status.REJECTED,
    "Toolbox talk: pinch points": Status.MISSING,
    "Toolbox talk: working in the cold": Status.MISSING,
    "Crane Pre-use Inspection": Status.REQUIRES_SUPERVISION,
    "Rigging and Signalling": Status.DECLINED,
    "Site Orientation: Calgary Yard": Status.PREQUALIFIED,
}
# Two things to do: what an ordinary answer looks like.
_ALMOST = {
    **dict.fromkeys(_MIXED, Status.CURRENT),
    "First Aid": Status.EXPIRED,
    "Fall Protection": Status.COMING_DUE,
    "Lock-out/Tag-out": Status.WAITING_FOR_APPROVAL,
}

# Foremen come first: they supervise those who come after them.
MAIN_CAST = [
    Person("10001", "Ingrid", "", "Sørensen", "Foreman", "Calgary Yard"),
    Person("10002", "Marcus", "James", "Whitefeather", "Foreman", "Fort McMurray Camp"),
    Person("10003", "Łukasz", "", "Wiśniewski", "Foreman", "Red Deer Shop"),
    Person("10004", "Harpreet", "Kaur", "Gill", "Foreman", "Edmonton Depot"),
    Person("10005", "Jean-Luc", "", "Desrosiers", "Foreman", "Lethbridge Siding"),
    Person("00417", "Siobhán", "", "O'Brien", "Crane Operator", "Calgary Yard", statuses=_MIXED),
    Person("10482", "Dana", "", "Okafor", "Crane Operator", "Calgary Yard", statuses=_ALMOST),
    Person(
        "10483",
        "Abel",
        "",
        "Tesfaye",
        "Crane Operator",
        "Calgary Yard",
        statuses=dict.fromkeys(_MIXED, Status.CURRENT),
    ),
    # Two people of one name: asking by name alone is ambiguous.
    Person("10233", "Maria", "", "Garcia", "Welder", "Red Deer Shop"),
    Person("20871", "Maria", "", "Garcia", "Office Clerk", "Head Office"),
    Person("", "Tomasz", "Jan", "Zieliński", "Labourer", "Edmonton Depot"),
    Person("00090", "Gordon", "", "Pratt", "Rigger", "Calgary Yard", is_active=False),
    Person(
        "C-0815",
        "Nkechi",
        "",
        "D'Angelo",
        "Rigger",
        "Fort McMurray Camp",
        worker_type=WorkerType.CONTRACTOR,
    ),
    Person("0007", "José", "Ángel", "Muñoz", "Track Maintainer", "Lethbridge Siding"),
    Person("A7-118", "Zoë", "", "Brontë", "Safety Advisor", "Calgary Yard"),
    Person("rr-0093", "Þórdís", "", "Ægisdóttir", "Locomotive Engineer", "Edmonton Depot"),
    Person("10311", "محمد", "", "الفارسي", "Welder", "Red Deer Shop"),
    Person("10312", "芳", "", "王", "Rigger", "Fort McMurray Camp"),
    Person("10313", "健", "", "佐藤", "Crane Operator", "Edmonton Depot"),
    Person("10314", "Дмитрий", "Иванович", "Соколов", "Locomotive Engineer", "Edmonton Depot"),
    Person("10315", "Ελένη", "", "Παπαδοπούλου", "Safety Advisor", "Red Deer Shop"),
    Person("10316", "प्रिया", "", "शर्मा", "Labourer", "Calgary Yard"),
    Person("10317", "민준", "", "김", "Welder", "Red Deer Shop"),
    # The Yard's papers pass through her hands; see First Aid in the catalogue.
    Person("20100", "Olive", "", "Tremblay", "Office Clerk", "Calgary Yard"),
    # Nowhere yet: nothing is required of her.
    Person("20999", "Amélie", "", "Roy", None, None),
]

SECOND_CAST = [
    # Shares the ID# of the main company's Siobhán O'Brien, who is somebody else.
    Person(
        "00417",
        "Jürgen",
        "",
        "Weiß",
        "Shunter",
        "Harbour Terminal",
        statuses={
            "First Aid": Status.COMING_DUE,
            "Signals and Whistles": Status.CURRENT,
            "Fitness for Duty": Status.REVIEW_AGAIN,
            "Brake Test": Status.MISSING,
            "Terminal Orientation": Status.CURRENT,
        },
    ),
    # Shares the full name of the main company's.
    Person("S-31", "Dana", "", "Okafor", "Conductor", "Central Station"),
    Person("S-32", "Ольга", "", "Кузнецова", "Brake Fitter", "Harbour Terminal"),
    Person("S-33", "Aoife", "", "O'Neill", "Conductor", "Central Station", is_active=False),
    Person("", "Hüseyin", "", "Yılmaz", "Shunter", "Harbour Terminal"),
    Person(
        "S-35",
        "Chloé",
        "Marie",
        "D'Arcy",
        "Brake Fitter",
        "Harbour Terminal",
        worker_type=WorkerType.CONTRACTOR,
    ),
    Person("S-36", "Nils", "", "Ångström", "Conductor", "Central Station"),
]


def _names(text: str) -> list[str]:
    return text.split()


_FIRST_NAMES = _names(
    """
    Aaliyah Adrián Agnieszka Ahmed Aiko Alasdair Amara Anders André Anika Arjun Asha Ayşe
    Beatriz Björn Brigitte Caleb Camille Carlos Chidi Chloe Connor Daiyu Daniel Deepa Diego
    Ebony Eero Elena Elijah Emeka Émile Erin Fatima Farah Felix Fiona François Gabriel Gita
    Grace Hannah Hassan Helga Hiroshi Ibrahim Imani Isabel Ivan Jaswinder Jasper Jelena Joanna
    Jonas Joseph Kaito Karim Katya Keisha Kofi Lars Leila Liam Linh Lucía Magnus Mahmoud
    Małgorzata Manuel Mei Mohammed Nadia Nathan Niamh Noor Olga Omar Owen Patrick Pedro Priya
    Quentin Rahul Raúl Rebecca Rosa Ryan Sakura Samuel Sanjay Sara Seán Simone Sofia Stefan
    Tariq Tereza Thabo Thomas Uma Valentina Viktor Wanjiru Wei William Xavier Yara Yusuf Zainab
    """
)
_MIDDLE_NAMES = _names(
    """
    Ann Anthony Claire David Elizabeth Grace Jean John Lee Louise Marie Paul
    """
)
_LAST_NAMES = _names(
    """
    Abebe Adeyemi Ahmadi Andersson Arsenault Baker Banerjee Beaulieu Bergström Blackwood Boucher
    Campbell Castillo Chen Cloutier Cruz Dávila Desjardins Dhillon Dubois Eriksen Esposito
    Fernández Fitzgerald Fraser Gagnon Grant Grewal Guðmundsson Haddad Hansen Hernández Horvát
    Hughes Ito Ivanova Jackson Janssen Jensen Johnson Kaczmarek Kamau Khan Kim Kovács Kowalczyk
    Lachance Larsen Lavoie Leblanc Lindqvist Lopez MacDonald Marchetti Martin Mbeki McGregor
    Mendoza Mikkelsen Morales Müller Nakamura Ndiaye Nguyen Novák O'Connor O'Reilly Ochieng
    Olsen Osei Ouellette Patel Pelletier Petrov Pham Poitras Quinn Rahman Ramirez Redcrow Reid
    Rossi Roy Sánchez Schneider Shaw Sidhu Silva Singh Smith St-Pierre Suzuki Takahashi Tanaka
    Thompson Tran Twoyoungmen Vasquez Virtanen Walker Wang Williams Wójcik Yamamoto Young Zhang
    """
)


def more_people(
    chance: Random, catalogue: Catalogue, count: int, *, besides: Sequence[Person]
) -> Iterator[Person]:
    """Make up `count` people whose names and ID#s differ from one another's and the cast's."""
    names = {fold_name(*person.name) for person in besides}
    id_numbers = {fold(person.id_number) for person in besides}
    while count:
        is_contractor = chance.random() < 0.15
        person = Person(
            _id_number(chance, is_contractor),
            chance.choice(_FIRST_NAMES),
            chance.choice(_MIDDLE_NAMES) if chance.random() < 0.3 else "",
            chance.choice(_LAST_NAMES),
            chance.choice(catalogue.positions),
            chance.choice(list(catalogue.locations)),
            WorkerType.CONTRACTOR if is_contractor else WorkerType.EMPLOYEE,
            is_active=chance.random() > 0.04,
        )
        name, id_number = fold_name(*person.name), fold(person.id_number)
        if name not in names and id_number not in id_numbers:
            names.add(name)
            id_numbers.add(id_number)
            count -= 1
            yield person


def _id_number(chance: Random, is_contractor: bool) -> str:
    """Return an ID# as companies that have merged a few times write them."""
    if is_contractor:
        return f"C-{chance.randrange(1000, 9999)}"
    return chance.choice(["{:05d}", "{:05d}", "1{:04d}", "RR-{:04d}"]).format(
        chance.randrange(100, 9999)
    )
