"""The entries of the audit trail, and where the chain of each company ends."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit import chain
from accounts.audit.words import VALUE_LABELS
from accounts.languages import in_own_language
from accounts.models import Company, CompanyQuerySet, User


class Change(NamedTuple):
    """One line of what an audit event changed, in the words of pages."""

    label: str
    before: str
    after: str


class AuditEvent(models.Model):
    """Who did what to what. Rows are added, never changed, and hold no secret.

    Those of a company are a chain (chain.py). On PostgreSQL a trigger refuses to change or
    delete one, so what a row refers to stays as long as the row.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="audit_events")
    # Per company, from 1, without gaps.
    sequence = models.PositiveBigIntegerField(_("number"))
    digest = models.CharField(max_length=64)
    at = models.DateTimeField(_("time"), default=timezone.now, editable=False)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # As the person was called then.
    actor_name = models.CharField(_("who"), max_length=254)
    action = models.CharField(_("what"), max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=64)
    subject_name = models.CharField(_("to what"), max_length=300)
    # {"field": [before, after], ...}, as text a person can read.
    changes = models.JSONField(default=dict)
    address = models.GenericIPAddressField(_("from"), null=True)

    objects = CompanyQuerySet["AuditEvent"].as_manager()

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activity")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "sequence"], name="accounts_audit_sequence_unique"
            ),
        ]
        indexes = [
            models.Index(
                fields=["company", "subject_type", "subject_id", "-id"],
                name="accounts_audit_by_subject",
            ),
            models.Index(fields=["company", "actor", "-sequence"], name="accounts_audit_by_actor"),
            models.Index(fields=["company", "at"], name="accounts_audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.subject_name}"

    def digest_after(self, previous: str) -> str:
        """Return what the digest must be when the entry before has the digest `previous`."""
        return chain.digest_of(
            previous=previous,
            company_id=self.company_id,
            sequence=self.sequence,
            at=self.at,
            actor_id=self.actor_id,
            actor_name=self.actor_name,
            action=self.action,
            subject_type=self.subject_type,
            subject_id=self.subject_id,
            subject_name=self.subject_name,
            changes=self.changes,
            address=self.address,
        )

    @property
    def is_about_actor(self) -> bool:
        """Tell whether somebody did this to themselves, such as signing in."""
        return self.subject_type == User._meta.label_lower and self.subject_name == self.actor_name

    @property
    def subject_kind(self) -> str:
        """Return what kind of thing the subject is, such as "API call", or ""."""
        model = self._subject_model()
        return str(model._meta.verbose_name) if model else ""

    @property
    def described_changes(self) -> list[Change]:
        """Return the changes with the names that forms give the fields."""
        described = []
        for name, values in self.changes.items():
            field = self._field_of(name)
            labels = VALUE_LABELS.get(self.action) or _labels_of(field)
            before, after = (str(labels.get(value, value)) for value in values)
            described.append(Change(_label_of(field, name), before, after))
        return described

    def _subject_model(self) -> type[models.Model] | None:
        try:
            return apps.get_model(self.subject_type)
        except (LookupError, ValueError):
            return None  # written by an earlier version

    def _field_of(self, name: str) -> Any:
        """Return the field that was changed, which is written by its name or by its label."""
        model = self._subject_model()
        return _fields_of(model).get(name) if model else None


@cache
def _fields_of(model: type[models.Model]) -> Mapping[str, Any]:
    """Return the fields of a model by their names, and by their labels as the trail has them."""
    fields = [one for one in model._meta.get_fields() if hasattr(one, "verbose_name")]
    by_label = {in_own_language(one.verbose_name): one for one in fields}
    return by_label | {one.name: one for one in fields}


def _label_of(field: Any, name: str) -> str:
    label = str(getattr(field, "verbose_name", None) or gettext(name))
    return label[:1].upper() + label[1:]


def _labels_of(field: Any) -> Mapping[str, Promise | str]:
    """Return the labels of what a field can be, by both ways in which the trail writes it."""
    if isinstance(field, models.BooleanField):
        return {"Yes": _("Yes"), "No": _("No")}
    choices = dict(getattr(field, "choices", None) or ())
    return choices | {in_own_language(label): label for label in choices.values()}


class AuditHead(models.Model):
    """Where the trail of a company ends, and what was found when it was last verified.

    Who adds an entry locks this row first and keeps it to the end of the transaction, so that
    entries follow each other as their transactions do.
    """

    company = models.OneToOneField(
        Company, models.PROTECT, primary_key=True, related_name="audit_head"
    )
    sequence = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, default=chain.BEGINNING)
    verified_at = models.DateTimeField(null=True)
    verified_sequence = models.PositiveBigIntegerField(default=0)
    # The number of the first entry that does not hold; None while all do.
    broken_at = models.PositiveBigIntegerField(null=True)

    class Meta:
        verbose_name = _("end of the activity")
        verbose_name_plural = _("ends of the activity")

    def __str__(self) -> str:
        return f"{self.company}: {self.sequence}"
