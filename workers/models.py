"""Workers, what is asked of them, and what they have to show for it.

Services write these rows (workers/services.py): the folded columns and the derived
WorkerRequirement rows are theirs to keep.
"""

from collections.abc import Iterable

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CompanyQuerySet, User
from accounts.validators import validate_carriable, validate_single_line
from workers import labels
from workers.compliance import (
    Because,
    CompliantWhen,
    Component,
    Level,
    RecordState,
    Status,
)

# Standings are the statuses that no date decides.
STANDINGS = tuple(status for status in Status if status not in {Status.COMING_DUE, Status.EXPIRED})


def _one_of(field: str, values: Iterable[str]) -> models.Q:
    return models.Q((f"{field}__in", [str(value) for value in values]))


class WorkerType(models.TextChoices):
    EMPLOYEE = "employee", _("Employee")
    CONTRACTOR = "contractor", _("Contractor")


class Division(models.Model):
    company = models.ForeignKey(Company, models.CASCADE, related_name="divisions")
    name = models.CharField(_("name"), max_length=100, validators=[validate_single_line])

    objects = CompanyQuerySet["Division"].as_manager()

    class Meta:
        verbose_name = _("division")
        verbose_name_plural = _("divisions")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "name"], name="workers_division_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Location(models.Model):
    company = models.ForeignKey(Company, models.CASCADE, related_name="locations")
    division = models.ForeignKey(
        Division, models.PROTECT, related_name="locations", null=True, blank=True
    )
    name = models.CharField(_("name"), max_length=100, validators=[validate_single_line])

    objects = CompanyQuerySet["Location"].as_manager()

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "name"], name="workers_location_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Position(models.Model):
    company = models.ForeignKey(Company, models.CASCADE, related_name="positions")
    name = models.CharField(_("name"), max_length=100, validators=[validate_single_line])

    objects = CompanyQuerySet["Position"].as_manager()

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "name"], name="workers_position_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A person whose compliance the company keeps: an employee or a contractor's."""

    # Its index is the first half of those below; so with every db_index=False here.
    company = models.ForeignKey(Company, models.CASCADE, related_name="workers", db_index=False)
    # The company's own number, "" when it gives none; the API's workerIDNumber.
    id_number = models.CharField(
        _("ID#"), max_length=50, blank=True, default="", validators=[validate_single_line]
    )
    # NULL when there is no ID#, so that the constraint lets many of those be.
    id_number_folded = models.CharField(  # noqa: DJ001
        max_length=150, null=True, editable=False
    )
    first_name = models.CharField(
        _("first name"), max_length=100, validators=[validate_single_line]
    )
    middle_name = models.CharField(
        _("middle name"), max_length=100, blank=True, default="", validators=[validate_single_line]
    )
    last_name = models.CharField(_("last name"), max_length=100, validators=[validate_single_line])
    # See folding.fold_name. Bounded, so that PostgreSQL can always index it.
    name_folded = models.CharField(max_length=600, editable=False)
    email = models.EmailField(_("e-mail"), blank=True, default="")
    worker_type = models.CharField(
        _("worker type"), max_length=10, choices=WorkerType, default=WorkerType.EMPLOYEE
    )
    position = models.ForeignKey(
        Position, models.PROTECT, related_name="workers", null=True, blank=True
    )
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="workers", null=True, blank=True
    )
    supervisor = models.ForeignKey(
        "self", models.SET_NULL, related_name="supervises", null=True, blank=True
    )
    is_active = models.BooleanField(_("active"), default=True)
    hired_on = models.DateField(_("hired on"), null=True, blank=True)

    objects = CompanyQuerySet["Worker"].as_manager()

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "id_number_folded"], name="workers_worker_id_number_unique"
            ),
            models.CheckConstraint(
                name="workers_worker_id_number_folded_when_set",
                condition=models.Q(id_number="", id_number_folded__isnull=True)
                | (~models.Q(id_number="") & models.Q(id_number_folded__isnull=False)),
            ),
            models.CheckConstraint(
                name="workers_worker_type_valid",
                condition=_one_of("worker_type", WorkerType.values),
            ),
        ]
        indexes = [
            models.Index(fields=["company", "name_folded"], name="workers_worker_by_name"),
            # For reading all of them page by page.
            models.Index(fields=["company", "id"], name="workers_worker_by_company"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return " ".join(filter(None, (self.first_name, self.middle_name, self.last_name)))


class Requirement(models.Model):
    """One thing that a company asks of some of its workers, such as a First Aid certificate."""

    company = models.ForeignKey(Company, models.CASCADE, related_name="requirements")
    component = models.CharField(
        _("component"), max_length=20, choices=list(labels.COMPONENTS.items())
    )
    name = models.CharField(_("name"), max_length=200, validators=[validate_single_line])
    section_number = models.CharField(
        _("section number"),
        max_length=30,
        blank=True,
        default="",
        validators=[validate_single_line],
    )
    category = models.CharField(
        _("category"), max_length=100, blank=True, default="", validators=[validate_single_line]
    )
    validity_months = models.PositiveSmallIntegerField(
        _("valid for, in months"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(600)],
        help_text=_("Leave empty when it never expires."),
    )
    coming_due_days = models.PositiveSmallIntegerField(
        _("coming due, in days"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(366)],
        help_text=_("Leave empty to use the company's."),
    )
    compliant_when = models.CharField(
        _("compliant when"),
        max_length=20,
        choices=list(labels.COMPLIANT_WHEN.items()),
        default=CompliantWhen.AFTER_APPROVAL,
    )
    # Raised when its text changes so much that workers must review it again.
    version = models.PositiveIntegerField(_("version"), default=1)
    is_active = models.BooleanField(_("active"), default=True)

    objects = CompanyQuerySet["Requirement"].as_manager()

    class Meta:
        verbose_name = _("requirement")
        verbose_name_plural = _("requirements")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "component", "name"], name="workers_requirement_name_unique"
            ),
            models.CheckConstraint(
                name="workers_requirement_component_valid",
                condition=_one_of("component", Component),
            ),
            models.CheckConstraint(
                name="workers_requirement_compliant_when_valid",
                condition=_one_of("compliant_when", CompliantWhen),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """How much a requirement asks of who holds a position, works at a location, or both."""

    requirement = models.ForeignKey(Requirement, models.CASCADE, related_name="assignments")
    position = models.ForeignKey(
        Position, models.CASCADE, related_name="assignments", null=True, blank=True
    )
    location = models.ForeignKey(
        Location, models.CASCADE, related_name="assignments", null=True, blank=True
    )
    level = models.CharField(
        _("level"), max_length=20, choices=list(labels.LEVELS.items()), default=Level.REQUIRED
    )

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [
            # One per combination. Two NULLs are not equal, so each shape has its own.
            models.UniqueConstraint(
                fields=["requirement", "position", "location"],
                name="workers_assignment_of_both_unique",
            ),
            models.UniqueConstraint(
                fields=["requirement", "position"],
                condition=models.Q(location__isnull=True),
                name="workers_assignment_of_position_unique",
            ),
            models.UniqueConstraint(
                fields=["requirement", "location"],
                condition=models.Q(position__isnull=True),
                name="workers_assignment_of_location_unique",
            ),
            models.CheckConstraint(
                name="workers_assignment_names_position_or_location",
                condition=models.Q(position__isnull=False) | models.Q(location__isnull=False),
            ),
            models.CheckConstraint(
                name="workers_assignment_level_valid", condition=_one_of("level", Level)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement}: {self.level}"


class Record(models.Model):
    """A worker's proof for a requirement: a certificate, a completion, an acknowledgement.

    A renewal is a new record; the old one stays as history.
    """

    worker = models.ForeignKey(Worker, models.CASCADE, related_name="records", db_index=False)
    requirement = models.ForeignKey(Requirement, models.CASCADE, related_name="records")
    state = models.CharField(_("state"), max_length=20, choices=list(labels.RECORD_STATES.items()))
    issued_on = models.DateField(_("issued on"), null=True, blank=True)
    completed_on = models.DateField(_("completed on"), null=True, blank=True)
    submitted_on = models.DateField(_("submitted on"), null=True, blank=True)
    # As printed on the proof; without it the requirement's validity decides.
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    certificate_number = models.CharField(
        _("certificate number"),
        max_length=100,
        blank=True,
        default="",
        validators=[validate_single_line],
    )
    issuer = models.CharField(
        _("issuer"), max_length=200, blank=True, default="", validators=[validate_single_line]
    )
    score = models.DecimalField(
        _("score, in percent"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    progress = models.PositiveSmallIntegerField(
        _("progress, in percent"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )
    approved_by = models.ForeignKey(User, models.SET_NULL, related_name="+", null=True, blank=True)
    # The version of the requirement that the worker reviewed.
    requirement_version = models.PositiveIntegerField(default=1)
    note = models.TextField(
        _("note"), max_length=2000, blank=True, default="", validators=[validate_carriable]
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("record")
        verbose_name_plural = _("records")
        constraints = [
            models.CheckConstraint(
                name="workers_record_state_valid", condition=_one_of("state", RecordState)
            ),
        ]
        indexes = [
            models.Index(fields=["worker", "requirement"], name="workers_record_by_worker"),
            # Few wait at a time; the list of them must not go through all that ever were.
            models.Index(
                fields=["requirement", "submitted_on"],
                condition=models.Q(state=RecordState.SUBMITTED.value),
                name="workers_record_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement}: {self.worker}"


class WorkerRequirement(models.Model):
    """What one requirement is to one worker: the derived row that answers are read from.

    `standing`, `coming_due_on` and `expires_on` hold no "today": compliance.status_on
    turns them into the status of a day. Only active workers, active requirements and the
    levels required and optional have rows. `rebuild_compliance` proves them right.

    `status` and `next_change_on` say how far the changes feed has told the row: answers
    are never read from them.
    """

    worker = models.ForeignKey(Worker, models.CASCADE, related_name="requirements", db_index=False)
    requirement = models.ForeignKey(Requirement, models.CASCADE, related_name="+")
    level = models.CharField(max_length=20, choices=list(labels.LEVELS.items()))
    because = models.CharField(max_length=30)
    # The record that counts.
    record = models.ForeignKey(Record, models.SET_NULL, related_name="+", null=True)
    standing = models.CharField(max_length=20, choices=list(labels.STATUSES.items()))
    coming_due_on = models.DateField(null=True)
    expires_on = models.DateField(null=True)
    # The status that the feed told last, and the day of the first step it has not told.
    status = models.CharField(max_length=20, choices=list(labels.STATUSES.items()))
    next_change_on = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_change_on"],
                condition=models.Q(next_change_on__isnull=False),
                name="workers_requirement_next",
            ),
            # For lists of workers by status: nearly all items are current, and are left out.
            models.Index(
                fields=["standing", "worker"],
                condition=~models.Q(standing=Status.CURRENT.value),
                name="workers_requirement_standing",
            ),
            models.Index(
                fields=["expires_on", "worker"],
                condition=models.Q(expires_on__isnull=False),
                name="workers_requirement_expiry",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["worker", "requirement"], name="workers_workerrequirement_unique"
            ),
            models.CheckConstraint(
                name="workers_workerrequirement_level_valid",
                condition=_one_of("level", [Level.REQUIRED, Level.OPTIONAL]),
            ),
            models.CheckConstraint(
                name="workers_workerrequirement_because_valid",
                condition=_one_of("because", Because),
            ),
            models.CheckConstraint(
                name="workers_workerrequirement_standing_valid",
                condition=_one_of("standing", STANDINGS),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement_id}: {self.standing}"


class Cause(models.TextChoices):
    """What made an item of a worker change."""

    WORKER = "worker", _("Worker added, moved, deactivated or reactivated")
    REQUIREMENT = "requirement", _("Requirement changed")
    ASSIGNMENT = "assignment", _("Assignment changed")
    RECORD = "record", _("Record added or changed")
    COMPANY = "company", _("Company's settings changed")
    DATE = "date", _("A date passed")
    REPAIR = "repair", _("Derived rows rebuilt")


class ComplianceChange(models.Model):
    """One step in the life of an item: it appeared, went, or changed its status or level.

    A row without a requirement is about a worker: added, or with other facts than before
    that answers show (name, ID#, e-mail, place, type, active). It keeps where the worker
    was before, for readers who are limited to some places; "" of type: the worker is new.

    Rows are added, never changed. `sequence` counts from 1 without gaps in each company,
    in the order of commit, so that a reader who has seen number n has seen all up to n.
    Read from the start, the rows come to what every worker is asked today, and how it
    stands.
    """

    company = models.ForeignKey(
        Company, models.CASCADE, related_name="compliance_changes", db_index=False
    )
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    # The day from which it holds, in the company's time zone. A passed date can be told late.
    on = models.DateField()
    worker = models.ForeignKey(
        Worker, models.CASCADE, related_name="compliance_changes", db_index=False
    )
    requirement = models.ForeignKey(Requirement, models.CASCADE, related_name="+", null=True)
    # "" where the worker is not asked.
    level_before = models.CharField(max_length=20, blank=True)
    level_after = models.CharField(max_length=20, blank=True)
    status_before = models.CharField(max_length=20, blank=True)
    status_after = models.CharField(max_length=20, blank=True)
    cause = models.CharField(max_length=20, choices=Cause)
    # Ids of then, of places that can be gone by now.
    division_before = models.BigIntegerField(null=True)
    location_before = models.BigIntegerField(null=True)
    position_before = models.BigIntegerField(null=True)
    worker_type_before = models.CharField(max_length=10, blank=True, default="")

    objects = CompanyQuerySet["ComplianceChange"].as_manager()

    class Meta:
        verbose_name = _("compliance change")
        verbose_name_plural = _("compliance changes")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "sequence"], name="workers_compliancechange_sequence_unique"
            ),
            models.CheckConstraint(
                name="workers_compliancechange_cause_valid",
                condition=_one_of("cause", Cause.values),
            ),
            models.CheckConstraint(
                name="workers_compliancechange_changes_something",
                condition=models.Q(requirement=None, level_before="", level_after="")
                | (
                    models.Q(requirement__isnull=False)
                    & ~models.Q(
                        level_before=models.F("level_after"),
                        status_before=models.F("status_after"),
                    )
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["worker", "requirement", "sequence"], name="workers_change_by_worker"
            ),
            # For readers who begin at an instant.
            models.Index(fields=["company", "at"], name="workers_change_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.status_before} -> {self.status_after}"


class FactsStamp(models.Model):
    """A number that each change of what answers tell of a company's workers makes another one.

    By chance and not in order: after a failover that lost a change, the next one does not get the
    number that the lost one had.
    """

    company = models.OneToOneField(
        Company, models.CASCADE, primary_key=True, related_name="facts_stamp"
    )
    stamp = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.stamp)


from workers.imports.models import DataImport, ImportFile, ImportMemory, ImportRow  # noqa: E402, F401
