"""Writes to credentials: made, replaced, and shown to who may see them."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import audit_event_add
from apicalls.credentials import (
    ClientSecret,
    Owner,
    Vault,
    new_client_key,
    new_client_secret,
)
from apicalls.models import APICall, Credential


class AlreadyRegenerated(Exception):
    """Somebody else, or the same form sent twice, has replaced the credentials already."""


def vault() -> Vault:
    """Return the installation's peppers and keys, with what is done with them."""
    return Vault(settings.CREDENTIAL_PEPPERS, settings.CREDENTIAL_KEYS)


@transaction.atomic
def regenerate_credentials(
    *, api_call: APICall, replaces: str, by: User | None, address: str | None = None
) -> Credential:
    """End the pair with the Client Key `replaces` now, and return a new one.

    Of two who regenerate at once, the second raises AlreadyRegenerated: `replaces` is no
    longer current then. The same form sent twice makes one new pair for the same reason.
    """
    ended = Credential.objects.filter(
        api_call=api_call, client_key=replaces, ends_at__isnull=True
    ).update(ends_at=timezone.now())
    if not ended:
        raise AlreadyRegenerated
    credential = credential_add(api_call=api_call, by=by)
    audit_event_add(
        company=api_call.company,
        actor=by,
        action="regenerated the credentials of",
        subject=api_call,
        changes={"Client Key": [replaces, credential.client_key]},
        address=address,
    )
    return credential


@transaction.atomic
def client_secret_reveal(
    *, credential: Credential, action: str, by: User | None, address: str | None = None
) -> ClientSecret:
    """Return the secret in plain text after recording that somebody asked for it.

    `action` says what for: "showed the secret of", "copied the secret of". Raises
    SecretUnreadable when the key that sealed it is gone from the environment.
    """
    api_call = credential.api_call
    client_secret = vault().open(
        ciphertext=bytes(credential.secret_ciphertext),
        key_number=credential.key_number,
        owner=_owner(api_call, credential.client_key),
    )
    audit_event_add(
        company=api_call.company, actor=by, action=action, subject=api_call, address=address
    )
    return client_secret


def credential_add(*, api_call: APICall, by: User | None) -> Credential:
    """Make a pair for a call that has none. The caller tells the audit trail."""
    client_key = new_client_key()
    sealed = vault().seal(new_client_secret(), _owner(api_call, client_key))
    return Credential.objects.create(
        api_call=api_call,
        client_key=client_key,
        secret_digest=sealed.digest,
        pepper_number=sealed.pepper_number,
        secret_ciphertext=sealed.ciphertext,
        key_number=sealed.key_number,
        created_by=by,
    )


def _owner(api_call: APICall, client_key: str) -> Owner:
    return Owner(company_id=api_call.company_id, api_call_id=api_call.pk, client_key=client_key)
