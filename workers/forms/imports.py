"""What somebody chooses about an import."""

import uuid
from collections import Counter
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workers.imports import limits
from workers.imports.fields import fields_of, what_is_missing
from workers.imports.models import DataImport, DateOrder, ImportKind, RowOutcome


class ImportAddForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("What is in the file"),
        choices=ImportKind.choices,
        initial=ImportKind.WORKERS,
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        max_length=500,
        allow_empty_file=True,  # it is told what to do about it, like any other wrong file
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
        error_messages={"required": gettext_lazy("Choose a file.")},
        help_text=gettext_lazy(
            "Excel (.xlsx) or CSV with one row of headings, up to %(size)d MB and %(rows)s rows."
        )
        % {"size": limits.FILE_BYTES // limits.MEGABYTE, "rows": f"{limits.ROWS:,}"},
    )
    # Makes the address of the new import, and sending the form twice harmless.
    code = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)


class ImportColumnsForm(forms.Form):
    """Which column is which field: a choice for each column, and how dates are written."""

    date_order = forms.ChoiceField(
        label=gettext_lazy("Dates such as 03/04/2026"),
        choices=DateOrder.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Dates like 2026-12-31 or 31 Dec 2026, and those of Excel, are read either way."
        ),
    )
    create_places = forms.BooleanField(
        label=gettext_lazy("Create positions, locations and divisions that are not there yet"),
        required=False,
        help_text=gettext_lazy("The preview lists them. Otherwise such rows are bad."),
    )

    def __init__(self, *args: Any, data_import: DataImport, **kwargs: Any):
        kwargs["initial"] = {
            "date_order": data_import.date_order,
            "create_places": data_import.create_places,
            **{f"column_{number}": name for name, number in data_import.columns.items()},
        }
        super().__init__(*args, **kwargs)
        self._kind = data_import.kind
        choices = [
            ("", gettext_lazy("Leave out")),
            *((field.name, field.label) for field in fields_of(data_import.kind)),
        ]
        for number, heading in enumerate(data_import.headings):
            self.fields[f"column_{number}"] = forms.ChoiceField(
                label=heading or _("Column %d") % (number + 1), choices=choices, required=False
            )
        self._count = len(data_import.headings)
        if data_import.kind != ImportKind.WORKERS:
            del self.fields["create_places"]

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[f"column_{number}"] for number in range(self._count)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = {
            number: name
            for number in range(self._count)
            if (name := cleaned.get(f"column_{number}", ""))
        }
        times = Counter(chosen.values())
        for number, name in chosen.items():
            if times[name] > 1:
                self.add_error(f"column_{number}", _("Another column is chosen for this as well."))
        cleaned["columns"] = {name: number for number, name in chosen.items()}
        missing = what_is_missing(self._kind, cleaned["columns"])
        if missing:
            self.add_error(None, str(missing))
        return cleaned


class ImportApplyForm(forms.Form):
    leave_out_bad = forms.BooleanField(required=False)


class ImportRowsForm(forms.Form):
    """Which rows of the preview to show. What cannot be read shows all."""

    show = forms.ChoiceField(required=False, choices=[("", ""), *RowOutcome.choices])
    after = forms.IntegerField(required=False, min_value=0, max_value=10_000_000)

    @property
    def shown(self) -> tuple[str, int]:
        """Return the outcome ("" for all) and the line after which the page begins."""
        self.is_valid()
        values = self.cleaned_data
        return values.get("show", ""), values.get("after") or 0
