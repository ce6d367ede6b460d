"""To which part of the company a person is limited."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Company, User
from workers.limits import limit_of
from workers.models import Division, Location

_MODELS: dict[str, type[Division] | type[Location]] = {"division": Division, "location": Location}


class PersonLimitForm(forms.Form):
    """One choice: everything, a division, or a location. `place` is what was chosen."""

    limit = forms.ChoiceField(label=gettext_lazy("Sees"), required=False)

    def __init__(self, *args: Any, company: Company, person: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.places = {
            f"{kind}:{place.pk}": place
            for kind, model in _MODELS.items()
            for place in model._default_manager.filter(company=company).order_by("name")
        }
        groups = {"division": _("Only the division"), "location": _("Only the location")}
        self.fields["limit"].choices = [  # type: ignore[attr-defined]
            ("", _("The whole company")),
            *(
                (label, [(key, str(place)) for key, place in self.places.items() if kind in key])
                for kind, label in groups.items()
            ),
        ]
        limit = limit_of(person)
        of_kind = {"division": limit.divisions, "location": limit.locations}
        stored = [f"{kind}:{pk}" for kind, ids in of_kind.items() for pk in ids]
        self.initial["limit"] = next(iter(stored), "")

    @property
    def place(self) -> Division | Location | None:
        """Return what a valid form limits to; None for the whole company."""
        return self.places.get(self.cleaned_data["limit"])
