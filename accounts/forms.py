"""The forms of the Account pages. Services write what they hold."""

from itertools import groupby
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, Invitation, User
from accounts.roles import Role, right_to_manage
from accounts.services import COMPANY_FIELDS, SECURITY_FIELDS
from accounts.validators import time_zones


def time_zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the zones by region, UTC first; the old aliases without a region are left out."""
    regional = sorted(zone for zone in time_zones() if "/" in zone and not zone.startswith("Etc/"))
    groups = groupby(regional, key=lambda zone: zone.partition("/")[0])
    return [
        ("UTC", [("UTC", "UTC")]),
        *((region, [(zone, zone.replace("_", " ")) for zone in zones]) for region, zones in groups),
    ]


class CompanyForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("Decides when a day begins and ends for your workers.")
    )

    class Meta:
        model = Company
        fields = COMPANY_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = time_zone_choices()
        present = self.instance.time_zone
        if not any(present == zone for _region, zones in choices for zone, _name in zones):
            choices.insert(0, (present, [(present, present)]))
        cast("forms.ChoiceField", self.fields["time_zone"]).choices = choices


class PreferencesForm(forms.ModelForm):
    """How a person likes the pages. Nothing of it changes what a program is answered."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        help_text=_("In which times are shown to you. Days begin and end as your company has it."),
    )

    class Meta:
        model = User
        fields = ("language", "time_zone", "has_shortcuts")
        labels = {"has_shortcuts": _("Keyboard shortcuts")}
        help_texts = {
            "has_shortcuts": _(
                "/ goes to the search, Ctrl+S saves what you have changed, ? lists them. Switch "
                "them off where they get in the way of a screen reader or of voice control."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = cast("forms.ChoiceField", self.fields["language"])
        language.choices = [("", _("As the browser asks")), *settings.LANGUAGES]
        time_zone = cast("forms.ChoiceField", self.fields["time_zone"])
        company = self.instance.company
        zone = company.time_zone if company else settings.TIME_ZONE
        as_company = format_lazy(_("The company's: {zone}"), zone=zone.replace("_", " "))
        time_zone.choices = [("", as_company), *time_zone_choices()]


class LanguageForm(forms.Form):
    """The switch in the foot of every page that needs no sign-in."""

    language = forms.ChoiceField(choices=settings.LANGUAGES)


class CompanySecurityForm(forms.ModelForm):
    class Meta:
        model = Company
        fields = SECURITY_FIELDS
        widgets = {"secrets_policy": forms.RadioSelect}


class _RoleForm(forms.ModelForm):
    """Name and role of somebody; `by` chooses among the roles that they may manage."""

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        role = cast("forms.ChoiceField", self.fields["role"])
        role.choices = [
            (value, label) for value, label in Role.choices if by.may(right_to_manage(value))
        ]
        role.help_text = _(
            "Owners and admins change everything, owners also other owners and what is required "
            "for signing in; managers change the workers; viewers only look."
        )


class PersonForm(_RoleForm):
    class Meta:
        model = User
        fields = ["name", "role"]


class InvitationForm(_RoleForm):
    class Meta:
        model = Invitation
        fields = ["name", "email", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs["autocomplete"] = "off"
        self.fields["role"].initial = Role.VIEWER

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class PeopleFilterForm(forms.Form):
    q = forms.CharField(label=_("Name or e-mail"), required=False, max_length=200)
