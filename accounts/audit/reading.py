"""Reading the audit trail: a page of it, and the whole as a file."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit.models import AuditEvent
from accounts.audit.trail import subject_types
from accounts.batches import in_batches
from accounts.exports import Cell
from accounts.models import Company, User

_ONE_SUBJECT = re.compile(r"\A[a-z]{1,20}\.[a-z]{1,20}:[0-9a-f-]{1,64}\Z")
_DATE_INPUT = forms.DateInput({"type": "date"}, "%Y-%m-%d")


class ActivityForm(forms.Form):
    """Which entries are looked at: whose, what was done, to what, and from when to when."""

    person = forms.ModelChoiceField(
        label=gettext_lazy("Person"),
        queryset=User.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("Everybody"),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind of thing"), required=False)
    q = forms.CharField(
        label=gettext_lazy("What or to what"), required=False, max_length=200, strip=True
    )
    first = forms.DateField(label=gettext_lazy("From"), required=False, widget=_DATE_INPUT)
    last = forms.DateField(label=gettext_lazy("To"), required=False, widget=_DATE_INPUT)
    # "apicalls.apicall:<its code>", from the page of the thing itself.
    subject = forms.RegexField(_ONE_SUBJECT, required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, company: Company):
        super().__init__(data)
        self.company = company
        person: Any = self.fields["person"]
        person.queryset = User.objects.for_company(company).order_by("name", "email")
        kind: Any = self.fields["kind"]
        kind.choices = [("", _("All")), *sorted(_kinds(), key=lambda kind: kind[1])]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("first"), values.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first. Choose it or a later one."))
        return values

    def events(self) -> QuerySet[AuditEvent]:
        """Return what a valid form asks for, newest first; nothing for one that is not valid.

        A filter that means nothing finds nothing; everything would look like its answer.
        """
        events = AuditEvent.objects.for_company(self.company).order_by("-sequence")
        if not self.is_valid():
            return events.none()
        asked = self.cleaned_data
        return events.filter(
            _by(asked["person"]),
            _kind(asked["kind"]),
            _text(asked["q"]),
            _time(self.company, asked["first"], asked["last"]),
            _subject(asked["subject"]),
        )


def _kinds() -> Iterator[tuple[str, str]]:
    for model in subject_types:
        name = str(model._meta.verbose_name)
        yield model._meta.label_lower, name[:1].upper() + name[1:]


def _by(person: User | None) -> Q:
    return Q(actor=person) if person else Q()


def _kind(label: str) -> Q:
    return Q(subject_type=label) if label else Q()


def _text(text: str) -> Q:
    return Q(action__icontains=text) | Q(subject_name__icontains=text) if text else Q()


def _time(company: Company, first: date | None, last: date | None) -> Q:
    asked = Q()
    if first:
        asked &= Q(at__gte=company.day_begin(first))
    if last:
        asked &= Q(at__lt=company.day_begin(last + timedelta(days=1)))
    return asked


def _subject(subject: str) -> Q:
    label, _colon, code = subject.partition(":")
    return Q(subject_type=label, subject_id=code) if subject else Q()


class EventPage(NamedTuple):
    """Some events, newest first, and the number to ask for those before (None: no more)."""

    events: list[AuditEvent]
    older_than: int | None


def page_of(
    events: QuerySet[AuditEvent], *, older_than: int | None = None, size: int = 50
) -> EventPage:
    """Return the first of the events, or the first before the entry of that number.

    By number and not by page: the cost does not grow with the trail, and what is added
    meanwhile moves nothing.
    """
    if older_than is not None:
        events = events.filter(sequence__lt=older_than)
    found = list(events[: size + 1])
    shown = found[:size]
    return EventPage(shown, shown[-1].sequence if len(found) > size else None)


# --- As a file -------------------------------------------------------------------------


def events_header() -> list[str]:
    return [
        *(_("Number"), _("Time"), _("Who"), _("E-mail"), _("What"), _("Kind of thing")),
        *(_("To what"), _("Changes"), _("From"), _("Digest")),
    ]


def events_rows(events: QuerySet[AuditEvent]) -> Iterator[list[Cell]]:
    """Give a row for each event under `events_header`, read in batches.

    With the digest, whoever keeps the file can tell later whether the trail is still that one.
    """
    for event in in_batches(events.select_related("actor"), 500):
        yield [
            event.sequence,
            event.at.isoformat(),
            event.actor_name,
            event.actor.email if event.actor else "",
            event.action,
            event.subject_kind,
            event.subject_name,
            "; ".join(
                f"{label}: {before} → {after}" for label, before, after in event.described_changes
            ),
            event.address or "",
            event.digest,
        ]
