"""Which part of the matrix report is shown."""

from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from workers import labels
from workers.forms.workers import WorkerFilterForm


class MatrixFilterForm(WorkerFilterForm):
    """The filters of the list of workers, and a component for the columns."""

    component = forms.ChoiceField(
        label=gettext_lazy("Component"),
        required=False,
        choices=[("", gettext_lazy("All")), *labels.COMPONENTS.items()],
    )

    MORE = ("division", "location", "position", "type", "activity")

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """Return the arguments for `matrix.matrix_workers`."""
        return {**super().chosen, "component": self.cleaned_data["component"]}
