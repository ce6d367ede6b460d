"""What is typed about a worker's records."""

import uuid
from itertools import groupby
from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Company, User
from workers import labels
from workers.compliance import Component, RecordState
from workers.models import Record, Requirement
from workers.services import record_digest
from workers.services.writing import text

# Whoever sets one of these vouches for it.
_APPROVING = {RecordState.APPROVED, RecordState.PREQUALIFIED}

_COMPONENT_ORDER = {str(component): order for order, component in enumerate(Component)}


class RecordForm(forms.ModelForm):
    """A record's facts, but for whose and what for."""

    class Meta:
        model = Record
        fields = (
            "state",
            "completed_on",
            "issued_on",
            "submitted_on",
            "expires_on",
            "certificate_number",
            "issuer",
            "score",
            "progress",
            "note",
        )
        widgets = {
            name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            for name in ("completed_on", "issued_on", "submitted_on", "expires_on")
        } | {"note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        present = self.instance.state
        # Rejecting asks for a reason, so it has its own page.
        cast("forms.ChoiceField", self.fields["state"]).choices = [
            (state, label)
            for state, label in labels.RECORD_STATES.items()
            if state != RecordState.REJECTED or state == present
        ]
        self.fields["expires_on"].help_text = _(
            "The last valid day, as printed. Leave empty when the requirement decides."
        )

    def fields_by(self, user: User) -> dict[str, Any]:
        """Return the fields for the service, as the `user` says them."""
        fields = {name: self.cleaned_data[name] for name in self.Meta.fields}
        if fields["state"] not in _APPROVING:
            fields["approved_by"] = None
        elif fields["state"] != self.initial.get("state") or self.instance.pk is None:
            fields["approved_by"] = user
        return fields


class RecordRenewForm(RecordForm):
    """A record for a known requirement."""

    # Sent a second time, the form adds nothing (views/once.py).
    code = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("state", RecordState.APPROVED)


class RecordAddForm(RecordRenewForm):
    requirement = forms.ChoiceField(label=gettext_lazy("Requirement"))

    field_order = ["requirement"]

    def __init__(self, *args: Any, company: Company, **kwargs: Any):
        super().__init__(*args, **kwargs)
        rows = requirements_in_use(company)
        self._requirements = {str(row.pk): row for row in rows}
        cast("forms.ChoiceField", self.fields["requirement"]).choices = [
            ("", _("Choose …")),
            *requirement_choices(rows),
        ]

    def clean_requirement(self) -> Requirement:
        return self._requirements[self.cleaned_data["requirement"]]


class RecordChangeForm(RecordForm):
    # What the form was filled with: see services.record_change.
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["seen"] = record_digest(self.instance)

    def saved_otherwise(self, stored: Record) -> list[tuple[str, str]]:
        """Return label and stored value of each field that this form has otherwise."""
        shown = {"state": str(labels.RECORD_STATES[stored.state])}
        return [
            (str(field.label), shown.get(field.name) or text(getattr(stored, field.name)) or "–")
            for field in self.visible_fields()
            if getattr(stored, field.name) != self.cleaned_data.get(field.name)
        ]


class RecordRejectForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It stands in the record's note."),
    )


class WaitingFilterForm(forms.Form):
    """Which of the waiting records to show. What cannot be read finds none."""

    requirement = forms.ChoiceField(label=gettext_lazy("Requirement"), required=False)

    def __init__(self, *args: Any, company: Company, **kwargs: Any):
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["requirement"]).choices = [
            ("", _("All")),
            *requirement_choices(requirements_in_use(company)),
        ]


def requirements_in_use(company: Company) -> list[Requirement]:
    """Return the active requirements, in the order of components, then by name."""
    rows = Requirement.objects.for_company(company).filter(is_active=True)
    return sorted(rows, key=lambda row: (_COMPONENT_ORDER[row.component], row.name))


def requirement_choices(rows: list[Requirement]) -> list[tuple[Any, list[tuple[str, str]]]]:
    """Return the choices of a list, by component."""
    return [
        (labels.COMPONENTS[component], [(str(row.pk), row.name) for row in of_one])
        for component, of_one in groupby(rows, key=lambda row: row.component)
    ]
