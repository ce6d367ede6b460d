"""What the Authorization panel shows."""

from typing import Any

from django.views.decorators.debug import sensitive_variables

from accounts.models import SecretsPolicy
from apicalls.credentials import ClientSecret, header_value
from apicalls.key_age import pair_ends_at
from apicalls.models import APICall, Credential


@sensitive_variables("context")
def panel_of(
    api_call: APICall, credential: Credential, client_secret: ClientSecret | None = None
) -> dict[str, Any]:
    """Return the context of the Authorization panel; the secret only when it was asked for.

    The secret must be that of the `credential`, which is why neither is looked up here.
    """
    company = api_call.company
    context: dict[str, Any] = {
        "api_call": api_call,
        "credential": credential,
        "is_shown_once": company.secrets_policy == SecretsPolicy.SHOW_ONCE,
        "is_kept": bool(credential.secret_ciphertext),
        "pair_ends_at": pair_ends_at(credential.created_at, company),
    }
    if client_secret is not None:
        context["client_secret"] = client_secret.reveal()
        context["header_value"] = header_value(credential.client_key, client_secret)
    return context
