"""What an admin types about API calls."""

import uuid
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from apicalls.credentials import CLIENT_KEY_LENGTH
from apicalls.models import APICall, APITemplate, OutputFormat, ParameterSet, State
from apicalls.selectors import api_templates_offered
from apicalls.services import settings_digest


class APICallAddForm(forms.Form):
    """The Add button of a template's card."""

    template = forms.ModelChoiceField(
        queryset=APITemplate.objects.none(),
        to_field_name="code",
        error_messages={"invalid_choice": _("This template is no longer offered.")},
    )
    # Makes the address of the new call, and sending the form twice harmless.
    code = forms.UUIDField(initial=uuid.uuid4)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = api_templates_offered()  # type: ignore[attr-defined]


class APICallDuplicateForm(forms.Form):
    """The Duplicate button: `code` as in APICallAddForm."""

    code = forms.UUIDField(initial=uuid.uuid4)


class RegenerateForm(forms.Form):
    """The button that replaces the credentials: `replaces` is the Client Key it was shown with."""

    replaces = forms.CharField(max_length=CLIENT_KEY_LENGTH)


class ParameterSetsField(forms.ModelMultipleChoiceField):
    """The boxes under Parameters. What is no box of theirs is refused before it is looked up:
    a number that is too big for a database, or a NUL, would be an error there."""

    def clean(self, value: Any) -> Any:
        boxes = {str(one.pk) for one in self.queryset or ()}
        for one in value or ():
            if str(one) not in boxes:
                message = self.error_messages["invalid_choice"]
                raise forms.ValidationError(message, "invalid_choice", {"value": one})
        return super().clean(value)


class APICallForm(forms.ModelForm):
    """The settings of an API call. Its template is not among them: it cannot be changed."""

    output_format = forms.ChoiceField(
        label=_("Output Format"), choices=OutputFormat.choices, widget=forms.RadioSelect
    )
    parameter_sets = ParameterSetsField(
        label=_("Parameters"),
        queryset=ParameterSet.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What the calling program must send. Tick one before the call can be used."),
    )
    # What the form was filled with: see services.api_call_change.
    seen = forms.CharField(widget=forms.HiddenInput)

    class Meta:
        model = APICall
        fields = (
            "name",
            "description",
            "owner_contact",
            "output_format",
            "parameter_sets",
            "expires_on",
        )
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            "expires_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "name": _("Which program or department it is for, such as HR or Sales."),
            "owner_contact": _("Whom to ask before it is changed: a name, e-mail or phone."),
            "expires_on": _("The last day on which it is answered. Leave empty for no end."),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["seen"] = settings_digest(self.instance)
        self.fields["parameter_sets"].queryset = (  # type: ignore[attr-defined]
            self.instance.template.parameter_sets.all()
        )


class WebsiteAddressForm(forms.Form):
    """The boxes as they are ticked right now, saved or not."""

    def __init__(self, *args: Any, api_call: APICall, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["parameter_sets"] = ParameterSetsField(
            queryset=api_call.template.parameter_sets.all(), required=False
        )


class APICallFilterForm(forms.Form):
    """Search and filter of the list. What cannot be read is no filter."""

    STATES = {
        "": (State.ACTIVE, State.PAUSED),
        "active": (State.ACTIVE,),
        "paused": (State.PAUSED,),
        "archived": (State.ARCHIVED,),
        "all": (),
    }

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Name, owner or Client Key")}
        ),
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Active and paused")),
            ("active", _("Active")),
            ("paused", _("Paused")),
            ("archived", _("Archived")),
            ("all", _("All")),
        ],
    )

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """Return the arguments for `selectors.api_calls_listed`."""
        self.full_clean()
        values = getattr(self, "cleaned_data", {})
        return {
            "search": values.get("q", ""),
            "states": self.STATES[values.get("state", "")],
        }

    @property
    def is_used(self) -> bool:
        return self.chosen != {"search": "", "states": self.STATES[""]}
