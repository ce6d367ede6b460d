"""An import, the rows it has staged, and what a company's columns are called."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CompanyQuerySet, User

# Without a sign of life for so long, whatever worked on an import has ended.
STALLED_AFTER = timedelta(seconds=60)


class ImportKind(models.TextChoices):
    WORKERS = "workers", _("Workers")
    RECORDS = "records", _("Records")


class ImportState(models.TextChoices):
    READING = "reading", _("Reading the file")
    MAPPING = "mapping", _("Columns to be chosen")
    CHECKING = "checking", _("Checking the rows")
    READY = "ready", _("Ready to be applied")
    APPLYING = "applying", _("Being applied")
    APPLIED = "applied", _("Applied")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Not possible")
    EXPIRED = "expired", _("Expired")


# In these, something works on it or is about to.
WORKING = (ImportState.READING, ImportState.CHECKING, ImportState.APPLYING)
# From these, there is no way back.
FINISHED = (
    ImportState.APPLIED,
    ImportState.CANCELLED,
    ImportState.FAILED,
    ImportState.EXPIRED,
)


class DateOrder(models.TextChoices):
    DAY_FIRST = "day_first", _("Day first: 31/12/2026")
    MONTH_FIRST = "month_first", _("Month first: 12/31/2026")


class RowOutcome(models.TextChoices):
    UNCHECKED = "unchecked", _("Not checked yet")
    CREATE = "create", _("New")
    CHANGE = "change", _("Changed")
    LEAVE = "leave", _("Left alone")
    BAD = "bad", _("Bad")


class DataImport(models.Model):
    """One file that somebody uploaded, and how far its import has come."""

    # Public identifier used in page addresses, so that row counts do not leak.
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    company = models.ForeignKey(Company, models.CASCADE, related_name="imports")
    by = models.ForeignKey(User, models.SET_NULL, related_name="+", null=True)
    kind = models.CharField(_("kind"), max_length=10, choices=ImportKind)
    file_name = models.CharField(_("file"), max_length=200)
    state = models.CharField(
        _("state"), max_length=10, choices=ImportState, default=ImportState.READING
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    # Why it is not possible, in words for who uploaded it.
    problem = models.TextField(blank=True, default="")
    # Whether the data had changed after the preview, so that there is a new one.
    is_checked_anew = models.BooleanField(default=False)

    # Of the file: the heading of each column, and which sheet they are of ("" for CSV).
    headings = models.JSONField(default=list)
    sheet = models.CharField(max_length=200, blank=True, default="")

    # As chosen: field name -> column number from 0.
    columns = models.JSONField(default=dict)
    date_order = models.CharField(max_length=11, choices=DateOrder, default=DateOrder.DAY_FIRST)
    create_places = models.BooleanField(default=True)

    # What the check found: counts by outcome, names of places to be created by kind, and
    # what concerns the file as a whole.
    counts = models.JSONField(default=dict)
    new_places = models.JSONField(default=dict)
    notes = models.JSONField(default=list)

    # Who works on it: only the holder of `run` may write, so that one that was given up for
    # lost can do no harm when it comes back.
    run = models.UUIDField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    is_started = models.BooleanField(default=False, editable=False)
    heartbeat_at = models.DateTimeField(default=timezone.now, editable=False)
    rows_done = models.PositiveIntegerField(default=0, editable=False)
    rows_total = models.PositiveIntegerField(default=0, editable=False)

    objects = CompanyQuerySet["DataImport"].as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                name="workers_dataimport_kind_valid",
                condition=models.Q(kind__in=ImportKind.values),
            ),
            models.CheckConstraint(
                name="workers_dataimport_state_valid",
                condition=models.Q(state__in=ImportState.values),
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-id"], name="workers_import_by_company"),
        ]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("import_details", args=[self.code])

    @property
    def is_working(self) -> bool:
        return self.state in WORKING

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED

    def count(self, outcome: RowOutcome) -> int:
        return int(self.counts.get(outcome, 0))

    @property
    def to_write(self) -> int:
        """Return how many rows would be written."""
        return self.count(RowOutcome.CREATE) + self.count(RowOutcome.CHANGE)

    def is_stalled(self, now: datetime, seen_at: datetime | None = None) -> bool:
        """Tell whether it should be worked on and is not. `seen_at`: a later sign of life."""
        last_sign = max(filter(None, (self.heartbeat_at, seen_at)))
        return self.is_working and now - last_sign > STALLED_AFTER


class ImportFile(models.Model):
    """The uploaded file, in the database: not below any address, and gone with its import.

    It is deleted as soon as its rows are staged.
    """

    data_import = models.OneToOneField(
        DataImport, models.CASCADE, primary_key=True, related_name="file"
    )
    content = models.BinaryField()

    def __str__(self) -> str:
        return str(self.data_import_id)


class ImportRow(models.Model):
    """One row of the file, as it stands there, and what would become of it."""

    data_import = models.ForeignKey(DataImport, models.CASCADE, related_name="rows", db_index=False)
    # Counted from 1, as editors and spreadsheets show it.
    line = models.PositiveIntegerField()
    # Text; a number where a spreadsheet holds one, so that "00417" and 417 differ.
    cells = models.JSONField()
    outcome = models.CharField(max_length=10, choices=RowOutcome, default=RowOutcome.UNCHECKED)
    # Whom it names, by ID# or full name, in the form in which those are compared.
    key = models.TextField(blank=True, default="")
    # The worker or record that it is about; no reference, it is looked up anew when applied.
    matched_id = models.PositiveBigIntegerField(null=True)
    # Who or what it is about, for the preview.
    title = models.CharField(max_length=400, blank=True, default="")
    # What is to be written: field -> value as JSON can hold it.
    values = models.JSONField(default=dict)
    # For a change: label -> [before, after], as text.
    changes = models.JSONField(default=dict)
    # What is wrong, and what should be looked at: [column heading or "", reason].
    faults = models.JSONField(default=list)
    warnings = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["data_import", "line"], name="workers_importrow_line_unique"
            ),
            models.CheckConstraint(
                name="workers_importrow_outcome_valid",
                condition=models.Q(outcome__in=RowOutcome.values),
            ),
        ]
        indexes = [
            models.Index(fields=["data_import", "outcome", "line"], name="workers_importrow_shown"),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.title}"


class ImportMemory(models.Model):
    """What a company chose last: which heading is which field, and how dates are written."""

    company = models.ForeignKey(Company, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=ImportKind)
    # Folded heading -> field name, "" for a column that is left out.
    fields = models.JSONField(default=dict)
    date_order = models.CharField(max_length=11, choices=DateOrder, default=DateOrder.DAY_FIRST)
    create_places = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "kind"], name="workers_importmemory_one_of_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company}: {self.kind}"
