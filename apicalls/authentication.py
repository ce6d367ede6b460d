"""`Authorization: amx ClientKey:ClientSecret`, the only way into the API."""

from datetime import UTC, datetime

from django.db import connection
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import BaseAuthentication

from accounts.addresses import client_address
from apicalls import doctor, limits
from apicalls.callers import caller_key
from apicalls.credentials import Authorization, is_amx, parse_amx
from apicalls.doctor import Mistake
from apicalls.request_log import Refusal
from apicalls.selectors import Grant, Opened, Presented, grant_at, pair_find, pair_open
from apicalls.services import vault
from apicalls.unchanged import asks_for_news, pairs
from workhub.problems import CHALLENGE, Problem

# In the environ of a request: what was found out about its header when it was refused.
_REFUSAL = "workhub.refusal"
# The problems of a header that nobody was looked up for yet.
_OF_THE_HEADER = frozenset({"not_authenticated", "malformed_authorization"})


def refusal_of(request: HttpRequest, code: str) -> Refusal:
    """Return what is kept of the header of a request that was answered with this problem.

    For the request log alone: it opens nothing. Also the Client Key in a header that is no amx
    header or a malformed one is told, so that the admin of its call reads why their program
    fails.
    """
    refusal: Refusal | None = request.META.get(_REFUSAL)
    if refusal is not None:
        return refusal
    if code not in _OF_THE_HEADER or "HTTP_AUTHORIZATION" not in request.META:
        return Refusal()
    client_key, mistake = _looked_at(request)
    return Refusal(client_key or "", (mistake or Mistake.MALFORMED).value)


class AMXAuthentication(BaseAuthentication):
    """Authenticate an API call by its Client Key and Client Secret.

    What it gives is the call's Grant; there is no user. This is the grant rule's
    (1) well-formed header, (2) key known and current, (3) secret right.
    """

    def authenticate(self, request: HttpRequest) -> tuple[None, Grant] | None:
        is_ours, authorization = _read(request)
        if not is_ours:
            return None  # another scheme's header, or none
        if authorization is None:
            raise Problem("malformed_authorization")
        return None, self.authenticate_credentials(request, authorization)

    def presume(self, request: HttpRequest) -> tuple[Presented, Opened] | None:
        """Return what the pair opened when it was last seen, as of now; it may not any more."""
        authorization = _read(request)[1]
        if authorization is None:
            return None
        pair = _presented(request, authorization)
        opened = pairs.recall(pair)
        if opened is None:
            return None
        return pair, opened._replace(grant=grant_at(opened.grant, datetime.now(UTC)))

    def authenticate_credentials(self, request: HttpRequest, authorization: Authorization) -> Grant:
        """Return what the pair opens.

        Raises one and the same problem, after the same queries and the same work, for an
        unknown key, a wrong secret and a pair that has ended. Which it was is found out where
        it is logged, by the database.
        """
        pair = _presented(request, authorization)
        grant = _opened(request, pair)
        if grant is None:
            # Whose pair it is shows also where key and secret are swapped.
            client_key = doctor.key_meant(authorization)
            _client_key, mistake = _looked_at(request)
            request.META[_REFUSAL] = Refusal(client_key, mistake and mistake.value, pair.digests)
            raise _refusal(client_key, client_address(request))
        return grant

    def authenticate_header(self, request: HttpRequest) -> str:
        # Without a value here REST framework turns every 401 into a 403.
        return CHALLENGE


def _presented(request: HttpRequest, authorization: Authorization) -> Presented:
    return Presented(tuple(vault().digests(authorization)), caller_key(request))


def _opened(request: HttpRequest, pair: Presented) -> Grant | None:
    """Return what the pair opens; of who is going to ask again, remember it."""
    now = datetime.now(UTC)
    if connection.vendor != "postgresql" or not asks_for_news(request):
        return pair_find(pair, now=now)
    opened = pair_open(pair, now=now)
    if opened is None:
        return None
    pairs.keep(pair, opened)
    return opened.grant


def _refusal(client_key: str, address: str | None) -> Problem:
    """Count the failure and return how it is answered.

    A right pair never comes here: who guesses locks nobody out.
    """
    usage = limits.failed_authorization(address=address, client_key=client_key)
    if usage is None or usage.allowed:
        return Problem("invalid_credentials")
    return Problem(
        "rate_limited",
        detail="Too many requests with wrong credentials. Copy the header again from the API "
        "call's details page, and wait for the seconds in the Retry-After header.",
        headers={"Retry-After": str(usage.reset_after), **usage.headers},
    )


# The header itself is in no variable but those of the next three, so that no error report shows
# it: they raise nothing and call nothing that does.


@sensitive_variables("header")
def _read(request: HttpRequest) -> tuple[bool, Authorization | None]:
    """Tell whether the header is of our scheme, and what it carries when it is well-formed."""
    header = _header_bytes(request)
    return is_amx(header), parse_amx(header)


@sensitive_variables("header", "text")
def _looked_at(request: HttpRequest) -> tuple[str | None, Mistake | None]:
    """Return the Client Key that the header shows, and its mistake as far as looks tell."""
    header = _header_bytes(request)
    try:
        text = header.decode()
    except UnicodeDecodeError:
        text = header.decode("latin-1")
    return doctor.key_in(text), doctor.mistake_in(text)


@sensitive_variables("text")
def _header_bytes(request: HttpRequest) -> bytes:
    """Return the Authorization header as sent: WSGI hands bytes over as Latin-1 text."""
    text: str = request.META.get("HTTP_AUTHORIZATION", "")
    try:
        return text.encode("latin-1").strip(b" \t")
    except UnicodeEncodeError:
        # A server that decoded the header as something else; it cannot be well-formed.
        return text.encode("utf-8", "surrogatepass")
