"""What people type about divisions, locations and positions."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Company
from workers.models import Division
from workers.places import Kind, Place, places_listed
from workers.services import place_digest


class PlaceFilterForm(forms.Form):
    """Search in a list. What cannot be read finds nothing."""

    q = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )


class PlaceForm(forms.Form):
    """The name of a place and, of a location, its division. Services say what is valid."""

    name = forms.CharField(
        label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    division = forms.ModelChoiceField(
        label=_("Division"), queryset=Division.objects.none(), required=False, empty_label=_("None")
    )
    # What the form was filled with: see services.place_change.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, company: Company, kind: Kind, place: Place | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if kind is Kind.LOCATIONS:
            division = cast("forms.ModelChoiceField[Division]", self.fields["division"])
            division.queryset = Division.objects.for_company(company).order_by("name")
        else:
            del self.fields["division"]
        if place is not None:
            self.initial = {
                "name": place.name,
                "division": getattr(place, "division_id", None),
                "seen": place_digest(place),
            }

    @property
    def values(self) -> dict[str, Any]:
        """Return what the services take, once the form is valid."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}


class MergeForm(forms.Form):
    """Which other place of the kind takes over. What is none of them is not looked up."""

    into = forms.ChoiceField(label=_("Merge it into"))

    def __init__(self, *args: Any, company: Company, kind: Kind, place: Place, **kwargs: Any):
        super().__init__(*args, **kwargs)
        others = places_listed(company=company, kind=kind).exclude(pk=place.pk)
        self.others = {str(other.pk): other for other in others}
        cast("forms.ChoiceField", self.fields["into"]).choices = [
            ("", _("Choose one")),
            *((pk, other.name) for pk, other in self.others.items()),
        ]

    @property
    def chosen(self) -> Any:
        """Return the place to merge into, or None when none is chosen."""
        return self.others.get(self.cleaned_data["into"]) if self.is_valid() else None
