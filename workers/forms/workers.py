"""What is typed about workers, and what the list of them is asked for."""

import uuid
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Value
from django.urls import reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Company, User
from workers import labels, listing
from workers.compliance import WorkerStatus
from workers.folding import fold
from workers.limits import limit_of, locations_in
from workers.models import Division, Location, Position, Worker, WorkerType
from workers.services import worker_digest
from workers.services.writing import text

Choices = list[tuple[str, str]]

_PLACES: dict[str, type[Division] | type[Location] | type[Position]] = {
    "division": Division,
    "location": Location,
    "position": Position,
}


class WorkerForm(forms.ModelForm):
    """A worker's details. Whether they are active is not among them: that has its own page."""

    # Not a list to choose from: a company can have a million workers.
    supervisor = forms.CharField(
        label=gettext_lazy("Supervisor"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Their ID# or full name."),
        widget=forms.TextInput(
            attrs={
                "list": "supervisors",
                "autocomplete": "off",
                "hx-get": reverse_lazy("worker_suggestions"),
                "hx-trigger": "input changed delay:250ms",
                "hx-target": "#supervisors",
                "hx-sync": "this:replace",
            }
        ),
    )

    class Meta:
        model = Worker
        fields = (
            "id_number",
            "first_name",
            "middle_name",
            "last_name",
            "email",
            "worker_type",
            "position",
            "location",
            "hired_on",
        )
        widgets = {
            "hired_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "id_number": gettext_lazy(
                "Your own number for this worker. Other programs ask by it: workerIDNumber."
            ),
            "position": gettext_lazy("With the location it decides what is required."),
        }

    def __init__(self, *args: Any, company: Company, person: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.company = company
        self.limit = limit_of(person)
        for name, model in (("position", Position), ("location", Location)):
            field = cast("forms.ModelChoiceField[Any]", self.fields[name])
            field.queryset = model.objects.for_company(company).order_by("name")
            field.empty_label = _("None")
        if self.limit:
            # Somebody without a location, or with another, would be out of their sight.
            location = cast("forms.ModelChoiceField[Any]", self.fields["location"])
            inside = Location.objects.filter(pk__in=locations_in(self.limit))
            location.queryset = inside.order_by("name")
            location.required = True
        for name in ("id_number", "first_name", "middle_name", "last_name", "email"):
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.initial["supervisor"] = suggestion(self.instance.supervisor)

    def clean_supervisor(self) -> Worker | None:
        typed = self.cleaned_data["supervisor"]
        if typed == self.initial["supervisor"]:
            # Also one without an ID# whose name is another's too.
            return cast("Worker | None", self.instance.supervisor)
        found = self._called(typed) if typed else [None]
        if not found:
            raise ValidationError(_("Nobody has this ID# or full name."), code="not_there")
        if len(found) > 1:
            raise ValidationError(
                _("More than one worker has this name. Type the ID#."), code="ambiguous"
            )
        return found[0]

    def _called(self, typed: str) -> list[Worker]:
        return listing.workers_called(company=self.company, text=typed, limit=self.limit)


class WorkerAddForm(WorkerForm):
    # Sent a second time, the form adds nobody (views/once.py).
    code = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class WorkerChangeForm(WorkerForm):
    # What the form was filled with: see services.worker_change.
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["seen"] = worker_digest(self.instance)

    def saved_otherwise(self, stored: Worker) -> list[tuple[str, str]]:
        """Return label and stored value of each field that this form has otherwise."""
        return [
            (str(field.label), text(getattr(stored, field.name)) or "–")
            for field in self.visible_fields()
            if getattr(stored, field.name) != self.cleaned_data.get(field.name)
        ]


class WorkerFilterForm(forms.Form):
    """Search, filters and order of the list. What cannot be read finds nobody."""

    ACTIVITIES: dict[str, bool | None] = {"": True, "inactive": False, "all": None}

    q = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": gettext_lazy("Name, ID# or e-mail")}
        ),
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Compliance"),
        required=False,
        choices=[("", gettext_lazy("Any")), *labels.WORKER_STATUSES.items()],
    )
    item = forms.ChoiceField(
        label=gettext_lazy("Has an item that is"),
        required=False,
        choices=[("", gettext_lazy("Any")), *labels.STATUSES.items()],
    )
    division = forms.ChoiceField(label=gettext_lazy("Division"), required=False)
    location = forms.ChoiceField(label=gettext_lazy("Location"), required=False)
    position = forms.ChoiceField(label=gettext_lazy("Position"), required=False)
    type = forms.ChoiceField(
        label=gettext_lazy("Worker type"),
        required=False,
        choices=[("", gettext_lazy("Any")), *WorkerType.choices],
    )
    activity = forms.ChoiceField(
        label=gettext_lazy("Active"),
        required=False,
        choices=[
            ("", gettext_lazy("Active")),
            ("inactive", gettext_lazy("Deactivated")),
            ("all", gettext_lazy("All")),
        ],
    )
    lookup = forms.ChoiceField(
        label=gettext_lazy("Look-ups"),
        required=False,
        choices=[
            ("", gettext_lazy("Any")),
            ("no_id_number", gettext_lazy("Has no ID#")),
            ("shared_name", gettext_lazy("Shares a full name")),
        ],
    )
    sort = forms.CharField(required=False, widget=forms.HiddenInput, max_length=20)

    # What a page shows behind "More filters".
    MORE: tuple[str, ...] = ("division", "location", "position", "type", "activity", "lookup")

    def __init__(self, *args: Any, company: Company, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Chosen from these lists, not looked up: one query, and no text that none can read.
        for name, choices in _places(company).items():
            cast("forms.ChoiceField", self.fields[name]).choices = [("", _("Any")), *choices]

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """Return the arguments for `listing.workers_listed`."""
        values = self.cleaned_data
        is_active = self.ACTIVITIES[values["activity"]]
        if values["status"] == WorkerStatus.INACTIVE and not values["activity"]:
            is_active = None  # the status says it, and "Active" was not asked for
        return {
            "search": values["q"],
            "division_id": _id(values["division"]),
            "location_id": _id(values["location"]),
            "position_id": _id(values["position"]),
            "worker_type": values["type"],
            "is_active": is_active,
            "status": values["status"],
            "item_status": values["item"],
            "lookup": values["lookup"],
        }

    @property
    def is_used(self) -> bool:
        return any(self.data.get(name) for name in self.fields if name != "sort")

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MORE]

    @property
    def more_are_used(self) -> bool:
        return any(self.data.get(name) for name in self.MORE)


def suggestion(worker: Worker | None) -> str:
    """Return the text by which a form names a worker, and finds them again."""
    if worker is None:
        return ""
    return f"{worker.full_name} ({worker.id_number})" if worker.id_number else worker.full_name


def _places(company: Company) -> dict[str, Choices]:
    """Return the company's divisions, locations and positions as choices, in one query."""
    rows = [
        model.objects.for_company(company)
        .annotate(kind=Value(kind))
        .values_list("kind", "pk", "name")
        for kind, model in _PLACES.items()
    ]
    choices: dict[str, Choices] = {kind: [] for kind in _PLACES}
    for kind, pk, name in rows[0].union(*rows[1:], all=True):
        choices[kind].append((str(pk), name))
    for of_kind in choices.values():
        of_kind.sort(key=lambda choice: fold(choice[1]))
    return choices


def _id(text: str) -> int | None:
    return int(text) if text else None
