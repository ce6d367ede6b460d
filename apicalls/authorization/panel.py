"""What the Authorization panel shows."""

from typing import Any

from django.views.decorators.debug import sensitive_variables

from apicalls.credentials import ClientSecret, header_value
from apicalls.models import APICall, Credential


@sensitive_variables("context")
def panel_of(
    api_call: APICall, credential: Credential, client_secret: ClientSecret | None = None
) -> dict[str, Any]:
    """Return the context of the Authorization panel; the secret only when it was asked for.

    The secret must be that of the `credential`, which is why neither is looked up here.
    """
    context: dict[str, Any] = {"api_call": api_call, "credential": credential}
    if client_secret is not None:
        context["client_secret"] = client_secret.reveal()
        context["header_value"] = header_value(credential.client_key, client_secret)
    return context
