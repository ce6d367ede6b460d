from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apicalls.models import CallerState, State
from apicalls.selectors import Grant
from workhub.problems import Problem


class CallIsGranted(BasePermission):
    """Let an API call through that may be answered at this endpoint today.

    This is the grant rule's (4) active and not expired, (5) the caller is neither held nor
    blocked, and (6) the template addressed.
    Only who holds the right secret comes so far as to be told why not.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        grant: Grant | None = view.grant
        if grant is None:
            raise Problem("not_authenticated")
        if grant.state == State.PAUSED:
            raise Problem("call_paused")
        if grant.state == State.ARCHIVED:
            raise Problem("call_archived")
        if grant.expires_on is not None and grant.expires_on < grant.today():
            raise Problem("call_expired")
        if grant.caller is not None and grant.caller.state != CallerState.ANSWERED:
            raise Problem(f"caller_{grant.caller.state}")
        if view.document is not None and grant.document != view.document:
            raise Problem("wrong_template")
        return True
