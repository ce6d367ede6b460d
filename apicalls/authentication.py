"""`Authorization: amx ClientKey:ClientSecret`, the only way into the API."""

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.addresses import client_address
from apicalls import limits
from apicalls.callers import caller_key
from apicalls.credentials import Authorization, is_amx, parse_amx
from apicalls.selectors import Grant, credential_find
from apicalls.services import vault
from workhub.problems import CHALLENGE, Problem

# In the environ of a request: the call whose key it carries, whatever its secret is.
_MEANT = "workhub.meant"


def meant_by(request: Request) -> Grant | None:
    """Return the call whose Client Key the request carries, also one with a wrong secret.

    For the request log alone: it opens nothing.
    """
    meant: Grant | None = request.META.get(_MEANT)
    return meant


class AMXAuthentication(BaseAuthentication):
    """Authenticate an API call by its Client Key and Client Secret.

    `request.auth` becomes the call's Grant; there is no user. This is the grant rule's
    (1) well-formed header, (2) key known and current, (3) secret right.
    """

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Grant] | None:
        authorization = _authorization(request)
        if authorization is None:
            return None
        return AnonymousUser(), self.authenticate_credentials(request, authorization)

    def authenticate_credentials(self, request: Request, authorization: Authorization) -> Grant:
        """Return what the pair opens, after noting on the request whose key it carries.

        Raises one and the same problem, after the same queries and the same work, for an
        unknown key, a wrong secret and a pair that has ended.
        """
        stored = credential_find(
            client_key=authorization.client_key, caller=caller_key(request._request)
        )
        request.META[_MEANT] = stored.grant if stored else None
        is_right = vault().matches(
            authorization,
            digest=stored.secret_digest if stored else None,
            pepper_number=stored.pepper_number if stored else None,
        )
        if stored is None or not is_right or stored.has_ended(timezone.now()):
            raise _refusal(authorization, client_address(request._request))
        return stored.grant

    def authenticate_header(self, request: Request) -> str:
        # Without a value here REST framework turns every 401 into a 403.
        return CHALLENGE


def _refusal(authorization: Authorization, address: str | None) -> Problem:
    """Count the failure and return how it is answered.

    A right pair never comes here: who guesses locks nobody out.
    """
    usage = limits.failed_authorization(address=address, client_key=authorization.client_key)
    if usage is None or usage.allowed:
        return Problem("invalid_credentials")
    return Problem(
        "rate_limited",
        detail="Too many requests with wrong credentials. Copy the header again from the API "
        "call's details page, and wait for the seconds in the Retry-After header.",
        headers={"Retry-After": str(usage.reset_after), **usage.headers},
    )


@sensitive_variables("header")
def _authorization(request: Request) -> Authorization | None:
    """Return what the header carries, or None when it is not ours to judge.

    The header itself is in no variable from here on, so that no error report below shows it.
    Raises malformed_authorization.
    """
    header = _header_bytes(request)
    if not is_amx(header):
        return None  # another scheme's header, or none
    authorization = parse_amx(header)
    if authorization is None:
        raise Problem("malformed_authorization")
    return authorization


def _header_bytes(request: Request) -> bytes:
    """Return the Authorization header as sent: WSGI hands bytes over as Latin-1 text."""
    text: str = request.META.get("HTTP_AUTHORIZATION", "")
    try:
        return text.encode("latin-1").strip(b" \t")
    except UnicodeEncodeError:
        # A server that decoded the header as something else; it cannot be well-formed.
        return text.encode("utf-8", "surrogatepass")
