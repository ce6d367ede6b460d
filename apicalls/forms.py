"""What an admin types about API calls."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db.models import BigIntegerField, CharField, F, Value
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from apicalls.credentials import CLIENT_KEY_LENGTH
from apicalls.documents.fields import FIELD_GROUP_MEMBERS
from apicalls.form_fields import ChosenField, NetworksField, ParameterSetsField
from apicalls.models import APICall, APITemplate, FieldGroup, OutputFormat, ParameterSet, State
from apicalls.selectors import api_templates_offered
from apicalls.services import OVERLAPS, settings_digest
from workers.limits import is_within, limit_name, limit_of
from workers.models import Division, Location, Position, WorkerType
from workers.scope import Scope

_OVERLAP_LABELS = (
    _("Planned: keep the old one for 1 hour"),
    _("Planned: keep the old one for 24 hours"),
    _("Planned: keep the old one for 7 days"),
)


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


class ClientKeyForm(forms.Form):
    """A button about one pair: the Client Key it was shown with."""

    client_key = forms.CharField(max_length=CLIENT_KEY_LENGTH)


class RegenerateForm(forms.Form):
    """How the credentials are replaced: `replaces` is the Client Key it was shown with."""

    replaces = forms.CharField(max_length=CLIENT_KEY_LENGTH, widget=forms.HiddenInput)
    overlap = forms.TypedChoiceField(
        label=_("Why"),
        choices=[
            (0, _("Compromised: stop the old one now")),
            *(
                (int(one.total_seconds()), _OVERLAP_LABELS[index])
                for index, one in enumerate(OVERLAPS)
            ),
        ],
        coerce=int,
        required=False,
        empty_value="0",
        initial=0,
        widget=forms.RadioSelect,
    )
    stops_older = forms.BooleanField(
        label=_("Stop the pair before it, which is still answered, now"),
        required=False,
    )

    def clean_overlap(self) -> timedelta:
        return timedelta(seconds=int(self.cleaned_data["overlap"]))


class ServedForm(forms.Form):
    """What a call answers: format, fields and scope, as they are on the page right now.

    The scope's places are the company's; one that the call names and that is gone is still
    there to be taken off, and is kept until somebody does.
    """

    output_format = forms.ChoiceField(
        label=_("Output Format"),
        choices=OutputFormat.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "JSON for most programs of today, XML for Excel and older ones. The facts are the "
            "same. Whoever sets the program up knows which it reads."
        ),
    )

    SCOPE: Mapping[str, Promise] = {
        "divisions": _("Divisions"),
        "locations": _("Locations"),
        "positions": _("Positions"),
    }

    def __init__(self, *args: Any, api_call: APICall, person: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._limit, self._company = limit_of(person), api_call.company
        stored = Scope.of(api_call.scope)
        self.initial["output_format"] = api_call.output_format
        self.fields["field_groups"] = ChosenField(
            label=_("Fields"),
            choices=[
                (one.group, _group_label(one)) for one in api_call.template.field_groups.all()
            ],
            initial=api_call.field_groups,
            help_text=_(
                "What is left out is absent from the answer. Certificate details, optional "
                "items and reasons are parts of items, and go with them."
            ),
        )
        places, divisions = _places(api_call.company)
        # By list and id, for whoever else has to name them.
        self.place_names = {name: dict(places.get(name, [])) for name in self.SCOPE}
        if self._limit:
            self._locations = self._limit.locations | {
                pk for pk, division in divisions.items() if division in self._limit.divisions
            }
            self._narrow(places)
        for name, label in self.SCOPE.items():
            ids = getattr(stored, name)
            choices = places.get(name, [])
            gone = ids - {pk for pk, _name in choices}
            choices += [(pk, _("#%d (no longer there)") % pk) for pk in sorted(gone)]
            self.fields[name] = ChosenField(
                label=label, choices=choices, initial=sorted(ids), coerce=int
            )
        self.fields["worker_types"] = ChosenField(
            label=_("Worker types"),
            choices=WorkerType.choices,
            initial=sorted(stored.worker_types),
        )

    def _is_within_limit(self) -> bool:
        return is_within(self.scope, self._limit, lambda: self._locations)

    def _narrow(self, places: dict[str, list[tuple[int, str]]]) -> None:
        """Offer only what lies within the limit of the person who fills in the form."""
        inside = {"divisions": self._limit.divisions, "locations": self._locations}
        for name, ids in inside.items():
            places[name] = [(pk, called) for pk, called in places.get(name, []) if pk in ids]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self._limit and not self.errors and not self._is_within_limit():
            self.add_error(
                "divisions" if self._limit.divisions else "locations",
                _("You see %s only: tick what of it this call may tell of.")
                % limit_name(self._company, self._limit),
            )
        return values

    @property
    def scope_fields(self) -> list[forms.BoundField]:
        """Return the fields of the scope, each with `chosen_count` for its heading."""
        bound = [self[name] for name in (*self.SCOPE, "worker_types")]
        for field in bound:
            field.chosen_count = len(field.value() or ())  # type: ignore[attr-defined]
        return [field for field in bound if field.field.choices]  # type: ignore[attr-defined]

    @property
    def scope(self) -> Scope:
        """Return what was chosen, of a form that is valid."""
        return Scope(
            **{name: frozenset(self.cleaned_data[name]) for name in (*self.SCOPE, "worker_types")}
        )


def _places(company: Company) -> tuple[dict[str, list[tuple[int, str]]], dict[int, int | None]]:
    """Return the company's places as choices, by the name of their list, in one query.

    And the division of each location.
    """
    kinds: dict[str, tuple[Any, Any]] = {
        "divisions": (Division, Value(None, output_field=BigIntegerField())),
        "locations": (Location, F("division_id")),
        "positions": (Position, Value(None, output_field=BigIntegerField())),
    }
    first, *others = (
        model._default_manager.filter(company=company)
        .annotate(kind=Value(kind, output_field=CharField()), within=within)
        .values_list("kind", "name", "pk", "within")
        for kind, (model, within) in kinds.items()
    )
    places: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    divisions = {}
    for kind, name, pk, within in first.union(*others, all=True).order_by("kind", "name"):
        places[kind].append((pk, name))
        if kind == "locations":
            divisions[pk] = within
    return places, divisions


def _group_label(group: FieldGroup) -> str:
    members = FIELD_GROUP_MEMBERS[group.group]
    label = gettext(group.label)
    return f"{label} ({', '.join(members)})" if members else label


class APICallForm(forms.ModelForm):
    """The settings of an API call. Its template is not among them: it cannot be changed."""

    parameter_sets = ParameterSetsField(
        label=_("Parameters"),
        queryset=ParameterSet.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    allowed_networks = NetworksField(
        label=_("Allowed networks"),
        required=False,
        help_text=_(
            "Where the program asks from: an address or a network a line, such as 203.0.113.7 "
            "or 198.51.100.0/24. Leave empty for every address."
        ),
    )
    # What the form was filled with: see services.api_call_change.
    seen = forms.CharField(widget=forms.HiddenInput)

    class Meta:
        model = APICall
        fields = (
            "name",
            "description",
            "owner_contact",
            "parameter_sets",
            "rate_limit",
            "expires_on",
        )
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            "expires_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "name": _("Which program or department it is for, such as HR or Sales."),
            "description": _("What your colleagues should know: why it is there, who set it up."),
            "owner_contact": _("Whom to ask before it is changed: a name, e-mail or phone."),
            "expires_on": _("The last day on which it is answered. Leave empty for no end."),
            "rate_limit": _("What is sent beyond that is refused until the minute is over."),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["seen"] = settings_digest(self.instance)
        self.initial["allowed_networks"] = self.instance.allowed_networks
        parameter_sets = self.fields["parameter_sets"]
        parameter_sets.queryset = self.instance.template.parameter_sets.all()  # type: ignore[attr-defined]
        parameter_sets.help_text = (
            _("What the calling program must send. Others may be sent too.")
            if self.instance.is_ready([])
            else _("What the calling program must send. Tick one before the call can be used.")
        )
        highest = settings.RATE_LIMIT_MAX
        self.fields["rate_limit"].widget.attrs["max"] = highest
        self.fields["rate_limit"].validators.append(MaxValueValidator(highest))


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
