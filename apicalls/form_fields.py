"""Form fields for what API calls are set with."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apicalls.networks import MAX_NETWORKS, NotANetwork, networks_in


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


class ChosenField(forms.MultipleChoiceField):
    """Check boxes whose values are of one type; what is no box of theirs is refused."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, *args: Any, coerce: Callable[[str], Any] = str, **kwargs: Any):
        super().__init__(*args, required=False, **kwargs)
        self._coerce = coerce

    def clean(self, value: Any) -> list[Any]:
        return [self._coerce(one) for one in super().clean(value)]


class NetworksField(forms.CharField):
    """Networks in CIDR notation, one a line, as a list."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        try:
            networks = networks_in(super().to_python(value) or "")
        except NotANetwork as error:
            if error.meant:
                message = _("%(entry)s is an address in a network. Write %(meant)s, or the address")
                params = {"entry": error.entry, "meant": error.meant}
                raise forms.ValidationError(message, "host_bits", params) from error
            message = _("%(entry)s is no address and no network such as 198.51.100.0/24.")
            raise forms.ValidationError(message, "network", {"entry": error.entry[:80]}) from error
        if len(networks) > MAX_NETWORKS:
            raise forms.ValidationError(
                _("At most %(max)d networks."), "max", {"max": MAX_NETWORKS}
            )
        return networks

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise forms.ValidationError(self.error_messages["required"], "required")

    def run_validators(self, value: Any) -> None:
        pass  # those of text; there is none any more
