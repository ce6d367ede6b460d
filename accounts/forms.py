"""The forms of sign-in and of the Account pages. Services write what they hold."""

from itertools import groupby
from typing import Any, cast

from allauth.account import forms as allauth_forms
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from accounts.services import COMPANY_FIELDS
from accounts.validators import time_zones

# --- Sign-in ---------------------------------------------------------------------------


class _HouseWords:
    """django-allauth's forms with our words, and without placeholders that repeat a label."""

    labels: dict[str, Any] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)


class SignInForm(_HouseWords, allauth_forms.LoginForm):
    labels = {"login": _("E-mail"), "password": _("Password")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autofocus": True}
        # The page has the link to a new password itself.
        self.fields["password"].help_text = ""


class PasswordChangeForm(_HouseWords, allauth_forms.ChangePasswordForm):
    labels = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("New password, again"),
    }


class PasswordResetForm(_HouseWords, allauth_forms.ResetPasswordForm):
    labels = {"email": _("E-mail")}


class PasswordSetForm(_HouseWords, allauth_forms.ResetPasswordKeyForm):
    labels = {"password1": _("New password"), "password2": _("New password, again")}


# --- Account pages ---------------------------------------------------------------------


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


class PersonForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        self.fields["role"].help_text = _(
            "Admins change everything, managers the workers; viewers only look."
        )


class PersonAddForm(PersonForm):
    class Meta(PersonForm.Meta):
        fields = ["name", "email", "role"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class PeopleFilterForm(forms.Form):
    q = forms.CharField(label=_("Name or e-mail"), required=False, max_length=200)


class ActivityFilterForm(forms.Form):
    person = forms.ModelChoiceField(
        label=_("Person"),
        queryset=User.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=_("Everybody"),
    )
    q = forms.CharField(label=_("What or to what"), required=False, max_length=200)

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = cast("forms.ModelChoiceField[User]", self.fields["person"])
        person.queryset = User.objects.for_company(company).order_by("name", "email")
