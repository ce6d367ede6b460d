from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.permissions import BasePermission

from accounts.addresses import client_address
from apicalls.models import CallerState, State
from apicalls.networks import is_allowed
from apicalls.selectors import Grant
from workhub.problems import Problem


class CallIsGranted(BasePermission):
    """Let an API call through that may be answered at this endpoint today.

    This is the grant rule's (4) active and not expired, (5) the address is allowed and the
    caller neither held nor blocked, and (6) the template addressed.
    Only who holds the right secret comes so far as to be told why not.
    """

    def has_permission(self, request: HttpRequest, view: Any) -> bool:
        grant: Grant | None = view.grant
        if grant is None:
            raise Problem("not_authenticated")
        if settings.HTTPS_REQUIRED and not request.is_secure():
            raise Problem("https_required")
        address = client_address(request)
        if not is_allowed(address, grant.allowed_networks):
            raise Problem(
                "address_not_allowed",
                detail=f"The request came from {address or 'an unknown address'}. Ask an admin of "
                "the company to add that address under Allowed networks of the API call.",
            )
        if grant.state == State.PAUSED:
            raise Problem("call_paused")
        if grant.state == State.ARCHIVED:
            raise Problem("call_archived")
        if grant.expires_on is not None and grant.expires_on < grant.today:
            raise Problem("call_expired")
        if grant.is_too_old:
            raise Problem(
                "call_expired",
                detail="The Client Key and Client Secret are older than the company allows. Ask an "
                "admin of the company to regenerate them under Account, API.",
            )
        if grant.caller is not None and grant.caller.state != CallerState.ANSWERED:
            raise Problem(f"caller_{grant.caller.state}")
        if view.document is not None and grant.document != view.document:
            raise Problem("wrong_template")
        return True
