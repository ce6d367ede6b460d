"""What a column can be: the fields of workers and of records, and how their cells are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from workers import labels
from workers.imports import values
from workers.imports.models import DateOrder, ImportKind
from workers.imports.reading import Cell
from workers.models import WorkerType


@dataclass(frozen=True, slots=True)
class ImportField:
    """A field that a column can fill.

    `label` is the heading of the template; `other_words` are headings that mean the same
    elsewhere, in plain form (values.plain_words); `example` stands in the template's help.
    """

    name: str
    label: Promise
    other_words: tuple[str, ...] = ()
    example: str = ""
    is_day: bool = False
    read: Callable[[Cell], object] = values.text

    def value(self, cell: Cell, date_order: str) -> object:
        """Return the cell's value, None when nothing stands in it. Raises Unreadable."""
        if values.text(cell) == "":
            return None
        if self.is_day:
            return values.day(cell, month_first=date_order == DateOrder.MONTH_FIRST)
        return self.read(cell)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ID_NUMBER = ImportField(
    "id_number",
    _("ID#"),
    _words(
        "id idnumber idno idnr number workerid workeridnumber workernumber workerno employeeid "
        "employeenumber employeeno empid empno empnumber personnelnumber personnelno staffid "
        "staffnumber badge badgenumber badgeid payrollnumber payrollid personalnummer matricule "
        "workercode employeecode"
    ),
    "00417",
)
_FIRST_NAME = ImportField(
    "first_name",
    _("First name"),
    _words(
        "first firstname givenname given forename fname vorname prenom nombre "
        "legalfirstname workerfirstname employeefirstname"
    ),
    "Dana",
)
_MIDDLE_NAME = ImportField(
    "middle_name",
    _("Middle name"),
    _words("middle middlename middlenames middleinitial mi secondname"),
    "",
)
_LAST_NAME = ImportField(
    "last_name",
    _("Last name"),
    _words(
        "last lastname surname familyname family lname nachname nom apellido apellidos "
        "legallastname workerlastname employeelastname"
    ),
    "Okafor",
)

WORKER_FIELDS = (
    _ID_NUMBER,
    _FIRST_NAME,
    _MIDDLE_NAME,
    _LAST_NAME,
    ImportField(
        "email",
        _("E-mail"),
        _words("email emailaddress mail workemail emails emailid"),
        "dana@example.com",
    ),
    ImportField(
        "worker_type",
        _("Worker type"),
        _words("type workertype employmenttype employeetype category contracttype"),
        "Employee",
        read=values.one_of(
            dict(WorkerType.choices),
            {
                "staff": WorkerType.EMPLOYEE,
                "permanent": WorkerType.EMPLOYEE,
                "internal": WorkerType.EMPLOYEE,
                "fulltime": WorkerType.EMPLOYEE,
                "parttime": WorkerType.EMPLOYEE,
                "contract": WorkerType.CONTRACTOR,
                "subcontractor": WorkerType.CONTRACTOR,
                "external": WorkerType.CONTRACTOR,
                "agency": WorkerType.CONTRACTOR,
                "temporary": WorkerType.CONTRACTOR,
            },
        ),
    ),
    ImportField(
        "position",
        _("Position"),
        _words("position positionname jobtitle title job role trade occupation function"),
        "Crane Operator",
    ),
    ImportField(
        "location",
        _("Location"),
        _words("location locationname site worksite branch yard office plant facility"),
        "Calgary Yard",
    ),
    ImportField(
        "division",
        _("Division"),
        _words("division divisionname department dept businessunit region"),
        "Construction",
    ),
    ImportField(
        "supervisor",
        _("Supervisor's ID#"),
        _words(
            "supervisor supervisorid supervisornumber supervisoridnumber manager managerid "
            "manageridnumber managernumber reportsto reportstoid foreman bossid supervisorsid"
        ),
        "00011",
    ),
    ImportField(
        "is_active",
        _("Active"),
        _words("active isactive status employmentstatus workerstatus employeestatus"),
        "Yes",
        read=values.yes_or_no,
    ),
    ImportField(
        "hired_on",
        _("Hired on"),
        _words("hiredon hired hiredate dateofhire startdate started startedon joined"),
        "2024-03-01",
        is_day=True,
    ),
)

RECORD_FIELDS = (
    _ID_NUMBER,
    _FIRST_NAME,
    _MIDDLE_NAME,
    _LAST_NAME,
    ImportField(
        "requirement",
        _("Requirement"),
        _words(
            "requirement requirementname course coursename training trainingname certificate "
            "certificatename certification qualification ticket item competency policy"
        ),
        "First Aid",
    ),
    ImportField(
        "component",
        _("Component"),
        _words("component requirementtype kind itemtype type coursetype"),
        "Certificate",
        read=values.one_of(labels.COMPONENTS),
    ),
    ImportField(
        "state",
        _("State"),
        _words("state status result outcome recordstate recordstatus"),
        "Approved",
        read=values.one_of(
            labels.RECORD_STATES,
            {
                "complete": "approved",
                "completed": "approved",
                "passed": "approved",
                "valid": "approved",
                "current": "approved",
                "ok": "approved",
                "pending": "submitted",
                "waiting": "submitted",
                "waitingforapproval": "submitted",
                "failed": "rejected",
                "started": "in_progress",
            },
        ),
    ),
    ImportField(
        "completed_on",
        _("Completed on"),
        _words(
            "completedon completed completiondate datecompleted completedate trainingdate "
            "dateoftraining date passedon"
        ),
        "2025-06-14",
        is_day=True,
    ),
    ImportField(
        "issued_on",
        _("Issued on"),
        _words("issuedon issued issuedate dateissued dateofissue issuingdate validfrom"),
        "2025-06-14",
        is_day=True,
    ),
    ImportField(
        "submitted_on",
        _("Submitted on"),
        _words("submittedon submitted submissiondate datesubmitted"),
        "",
        is_day=True,
    ),
    ImportField(
        "expires_on",
        _("Expires on"),
        _words(
            "expireson expires expiry expirydate expirationdate expiration dateofexpiry "
            "validuntil validto expdate renewaldate"
        ),
        "2028-06-14",
        is_day=True,
    ),
    ImportField(
        "certificate_number",
        _("Certificate number"),
        _words(
            "certificatenumber certificateno certno certnumber certificateid certificationnumber "
            "licensenumber licencenumber licenseno ticketnumber cardnumber"
        ),
        "FA-88120",
    ),
    ImportField(
        "issuer",
        _("Issuer"),
        _words("issuer issuedby provider trainingprovider issuingbody issuingauthority vendor"),
        "Red Cross",
    ),
    ImportField(
        "score",
        _("Score, in percent"),
        _words("score scorepercent scoreinpercent grade mark points"),
        "92",
        read=values.number,
    ),
    ImportField(
        "progress",
        _("Progress, in percent"),
        _words("progress progresspercent progressinpercent percentcomplete"),
        "",
        read=values.whole_number,
    ),
    ImportField(
        "note", _("Note"), _words("note notes comment comments remark remarks description"), ""
    ),
)

_FIELDS = {ImportKind.WORKERS: WORKER_FIELDS, ImportKind.RECORDS: RECORD_FIELDS}


def fields_of(kind: str) -> tuple[ImportField, ...]:
    return _FIELDS[ImportKind(kind)]


def what_is_missing(kind: str, columns: Mapping[str, int]) -> Promise | None:
    """Return what must still be chosen before the rows can be checked, or None."""
    has_names = {"first_name", "last_name"} <= columns.keys()
    if "id_number" not in columns and not has_names:
        return _("Choose the column of the ID#, or those of the first and of the last name.")
    if kind == ImportKind.RECORDS and "requirement" not in columns:
        return _("Choose the column that names the requirement.")
    return None
