"""What the pages of one API call share: finding it, and showing its secret."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from accounts.permissions import CompanyRequest
from apicalls import services
from apicalls.credentials import ClientSecret, SecretNotKept, SecretUnreadable
from apicalls.models import APICall, Credential
from apicalls.visible import may_know


def api_call_or_404(
    request: CompanyRequest, code: uuid.UUID, *, with_boxes: bool = True
) -> APICall:
    """Return the company's API call or answer 404, also for another company's.

    So does one that reaches further than the limit of the person who asks.

    `with_boxes` reads parameter sets and field groups too, for pages that show them.
    """
    found = APICall.objects.for_company(request.company).select_related("company", "template")
    if with_boxes:
        found = found.prefetch_related("parameter_sets", "template__field_groups")
    api_call = get_object_or_404(found, code=code)
    if not may_know(request.user, api_call):
        raise Http404
    return api_call


def secret_or_message(
    request: CompanyRequest, credential: Credential, *, action: str
) -> ClientSecret | None:
    """Return the secret after recording who asked for it, or None after saying why not."""
    try:
        return services.client_secret_reveal(
            credential=credential,
            action=action,
            by=request.user,
        )
    except SecretUnreadable as error:
        say_why_not_shown(request, error)
        return None


def say_why_not_shown(request: CompanyRequest, error: SecretUnreadable) -> None:
    """Say why a secret is not shown, and how to get one that can be."""
    if isinstance(error, SecretNotKept):
        why = _("The Client Secret was shown once, and is kept nowhere.")
    else:
        why = _("The Client Secret cannot be shown: the installation no longer has its key.")
    then = _("Programs that have it go on working. Regenerate to get one that can be shown.")
    messages.error(request, f"{why} {then}")
