"""What people type about requirements, and which cells of the assignment grid they set."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Company
from workers import labels
from workers.compliance import Level
from workers.folding import fold
from workers.models import Location, Position, Requirement
from workers.reach import Cell, CellChange
from workers.services import requirement_digest

ANY_COMPONENT = ("", _("All components"))

Choices = list[tuple[str, Any]]


class RequirementFilterForm(forms.Form):
    """Search and filter of the list. What cannot be read finds nothing."""

    STATES = {"": True, "inactive": False, "all": None}

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Name, section or category")}
        ),
    )
    component = forms.ChoiceField(
        label=_("Component"), required=False, choices=[ANY_COMPONENT, *labels.COMPONENTS.items()]
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Active")), ("inactive", _("Inactive")), ("all", _("All"))],
    )

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """Return the arguments for `requirements.requirements_listed`."""
        return {
            "search": self.cleaned_data["q"],
            "component": self.cleaned_data["component"],
            "is_active": self.STATES[self.cleaned_data["state"]],
        }

    @property
    def is_used(self) -> bool:
        return any(self.data.get(name) for name in self.fields)


class RequirementForm(forms.ModelForm):
    """A requirement of `company`, to be added or changed."""

    component = forms.ChoiceField(label=_("Component"), choices=list(labels.COMPONENTS.items()))
    compliant_when = forms.ChoiceField(
        label=_("Compliant when"),
        choices=list(labels.COMPLIANT_WHEN.items()),
        widget=forms.RadioSelect,
        help_text=_("On submission: a record counts as soon as it is handed in."),
    )
    review_again = forms.BooleanField(
        label=_("Raise the version: everybody reviews it again"),
        required=False,
        help_text=_("For a change that workers must know of. Records so far no longer count."),
    )
    # What the form was filled with: see services.requirement_change.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    # The figures that were told: see reach.RequirementReach.
    told = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Requirement
        fields = (
            "component",
            "name",
            "section_number",
            "category",
            "validity_months",
            "coming_due_days",
            "compliant_when",
        )

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.company = company
        if self.instance.pk is None:
            del self.fields["review_again"]
        else:
            self.initial["seen"] = requirement_digest(self.instance)
        self.fields["compliant_when"].initial = self.instance.compliant_when

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        same_kind = Requirement.objects.for_company(self.company).exclude(pk=self.instance.pk)
        names = same_kind.filter(component=values.get("component")).values_list("name", flat=True)
        if fold(values.get("name", "")) in map(fold, names):
            self.add_error("name", _("There is a requirement of this name in this component."))
        return values

    @property
    def values(self) -> dict[str, Any]:
        """Return what the services take, once the form is valid."""
        values = {name: self.cleaned_data[name] for name in self.Meta.fields}
        if self.cleaned_data.get("review_again"):
            values["version"] = self.instance.version + 1
        return values

    @property
    def changed_requirement(self) -> Requirement:
        """Return the requirement as it would be, unsaved, once the form is valid."""
        changed = Requirement(pk=self.instance.pk, company=self.company, is_active=True)
        changed.is_active, changed.version = self.instance.is_active, self.instance.version
        for name, value in self.values.items():
            setattr(changed, name, value)
        return changed

    def saved_otherwise(self, stored: Requirement) -> list[tuple[str, str]]:
        """Return label and stored value of each field that this form has otherwise."""
        return [
            (str(self.fields[name].label), _shown(stored, name))
            for name in self.Meta.fields
            if getattr(stored, name) != self.cleaned_data[name]
        ]


def _shown(requirement: Requirement, name: str) -> str:
    """Return the value of a field as pages say it."""
    display: Callable[[], str] | None = getattr(requirement, f"get_{name}_display", None)
    value = display() if display else getattr(requirement, name)
    return "–" if value in {None, ""} else str(value)


# --- Assignments -----------------------------------------------------------------------


class GridFilterForm(forms.Form):
    """Which part of the assignment grid is shown. What cannot be read shows nothing.

    Another location than the one asked for would be a grid to make mistakes in.
    """

    q = forms.CharField(
        label=_("Requirement"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Name, section or category")}
        ),
    )
    component = forms.ChoiceField(
        label=_("Component"), required=False, choices=[ANY_COMPONENT, *labels.COMPONENTS.items()]
    )
    position = forms.ChoiceField(label=_("Position"), required=False)
    location = forms.ChoiceField(label=_("At location"), required=False)
    # One requirement alone, as a list of positions; links choose it.
    requirement = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.positions = list(Position.objects.for_company(company).order_by("name"))
        self.locations = list(Location.objects.for_company(company).order_by("name"))
        self._offer("position", [("", _("All positions")), *_choices(self.positions)])
        self._offer("location", [("", _("Any location")), *_choices(self.locations)])

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """Return the arguments for `requirements.requirements_listed`."""
        return {
            "search": self.cleaned_data["q"],
            "component": self.cleaned_data["component"],
            "is_active": True,
            "pk": self.cleaned_data["requirement"],
        }

    @property
    def shown_location(self) -> Location | None:
        pk = self.cleaned_data.get("location", "")
        return next((place for place in self.locations if str(place.pk) == pk), None)

    @property
    def shown_positions(self) -> list[Position]:
        """Return the positions that fit, all of them without a choice."""
        pk = self.cleaned_data.get("position", "")
        return [place for place in self.positions if pk in {"", str(place.pk)}]

    @property
    def is_used(self) -> bool:
        return any(self.data.get(name) for name in self.fields)

    def _offer(self, name: str, choices: Choices) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices


def _choices(places: Iterable[Location | Position]) -> Choices:
    return [(str(place.pk), place.name) for place in places]


# Requirement, position and location, "" for none; ids that every database can look up.
_CELL = re.compile("([0-9]{1,18})-([0-9]{0,18})-([0-9]{0,18})")
_LEVELS = {"": None, **{str(level): level for level in Level}}


class GridForm(forms.Form):
    """The cells of a part of the grid as somebody has left them.

    Each is a field `level-<cell name>`. `seen` holds the levels that were there when they
    were shown, so that what somebody else has set since is noticed.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100_000)
    # The figures that were told: see `told_of`.
    told = forms.CharField(widget=forms.HiddenInput, required=False, max_length=50)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        try:
            self.levels = {
                cell_named(name.removeprefix("level-")): _LEVELS[self.data[name]]
                for name in self.data
                if name.startswith("level-")
            }
            self.seen_levels = {
                cell_named(name): _LEVELS[level]
                for name, _is, level in (one.partition("=") for one in values["seen"].split())
            }
        except (KeyError, ValueError):
            raise forms.ValidationError(_("This form cannot be read."), "unreadable") from None
        return values

    @property
    def changes(self) -> list[CellChange]:
        """Return the cells that were set to another level than they were shown with."""
        seen = self.seen_levels
        return [
            CellChange(cell, seen.get(cell), level)
            for cell, level in self.levels.items()
            if level != seen.get(cell)
        ]


def cell_name(cell: Cell) -> str:
    return "-".join("" if pk is None else str(pk) for pk in cell)


def cell_named(name: str) -> Cell:
    """Return the cell of that `cell_name`. Raises ValueError when it is none."""
    found = _CELL.fullmatch(name)
    if found is None:
        raise ValueError(name)
    requirement_id, position_id, location_id = found.groups()
    return Cell(
        int(requirement_id),
        int(position_id) if position_id else None,
        int(location_id) if location_id else None,
    )


def seen_text(levels: dict[Cell, Level]) -> str:
    """Return what `GridForm.seen` holds of cells that have a level."""
    return " ".join(f"{cell_name(cell)}={level}" for cell, level in levels.items())


def told_of(changes: int, workers: int) -> str:
    """Return the figures as a form carries them, to know what somebody was told."""
    return f"{changes}.{workers}"
