"""What a service refuses, said at the fields of the form that asked for it."""

from django import forms
from django.core.exceptions import ValidationError


def tell(form: forms.BaseForm, error: ValidationError) -> None:
    """Add the error to the form; what is about no field of it is told above the fields."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, errors in error.error_dict.items():
        form.add_error(field if field in form.fields else None, errors)
