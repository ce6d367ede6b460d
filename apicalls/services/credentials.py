"""Writes to credentials: made, replaced, and shown to who may see them."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit.trail import audit_event_add
from accounts.models import Company, SecretsPolicy, User
from apicalls.credentials import (
    ClientSecret,
    Owner,
    SecretNotKept,
    Vault,
    new_client_key,
    new_client_secret,
)
from apicalls.ended_pairs import note_ended
from apicalls.models import APICall, Credential

NO_OVERLAP = timedelta(0)
# How long an old pair can go on being answered, so that its programs are changed over one by one.
OVERLAPS = (timedelta(hours=1), timedelta(hours=24), timedelta(days=7))


class AlreadyRegenerated(Exception):
    """Somebody else, or the same form sent twice, has replaced the credentials already."""


class OverlapRuns(Exception):
    """The pair before this one is still answered, and a call has no more than two."""


def vault() -> Vault:
    """Return the installation's peppers and keys, with what is done with them."""
    return Vault(settings.CREDENTIAL_PEPPERS, settings.CREDENTIAL_KEYS)


@transaction.atomic
def regenerate_credentials(
    *,
    api_call: APICall,
    replaces: str,
    by: User | None,
    overlap: timedelta = NO_OVERLAP,
    stops_older: bool = False,
) -> Credential:
    """Make a new pair in the place of that with the Client Key `replaces`, and return it.

    The old one is answered for `overlap` longer. Of two who regenerate at once, the second
    raises AlreadyRegenerated: `replaces` is no longer current then. The same form sent twice
    makes one new pair for the same reason.

    A call has at most two pairs that are answered: where one that was replaced before still
    is, raises OverlapRuns unless `stops_older` says that it may be stopped.
    """
    now = timezone.now()
    is_stopped = overlap == NO_OVERLAP
    pairs = Credential.objects.filter(api_call=api_call)
    if not pairs.filter(client_key=replaces, ends_at__isnull=True).update(
        replaced_at=now,
        ends_at=now + overlap,
        is_stopped=is_stopped,
        secret_ciphertext=b"",  # what was replaced is shown to nobody any more
    ):
        raise AlreadyRegenerated
    older = pairs.filter(ends_at__gt=now, is_stopped=False).exclude(client_key=replaces)
    stopped = list(older.values_list("client_key", flat=True))
    if stopped and not stops_older:
        raise OverlapRuns
    older.update(ends_at=now, is_stopped=True)
    note_ended([(replaces, now + overlap), *((one, now) for one in stopped)])
    credential = credential_add(api_call=api_call, by=by)
    changes = {"Client Key": [replaces, credential.client_key]}
    if not is_stopped:
        changes["Old one ends"] = ["", (now + overlap).isoformat(timespec="minutes")]
    changes |= {f"Stopped {client_key}": ["answered", ""] for client_key in stopped}
    audit_event_add(
        company=api_call.company,
        actor=by,
        action="regenerated the credentials of",
        subject=api_call,
        changes=changes,
    )
    return credential


@transaction.atomic
def credential_stop(*, api_call: APICall, client_key: str, by: User | None) -> bool:
    """Stop a pair that was replaced and is still answered; tell whether there was one."""
    now = timezone.now()
    stopped = Credential.objects.filter(
        api_call=api_call, client_key=client_key, ends_at__gt=now, is_stopped=False
    ).update(ends_at=now, is_stopped=True)
    if stopped:
        note_ended([(client_key, now)])
        audit_event_add(
            company=api_call.company,
            actor=by,
            action="stopped the old pair of",
            subject=api_call,
            changes={"Client Key": [client_key, ""]},
        )
    return bool(stopped)


@transaction.atomic
def client_secret_reveal(*, credential: Credential, action: str, by: User | None) -> ClientSecret:
    """Return the secret in plain text after recording that somebody asked for it.

    `action` says what for: "showed the secret of", "copied the secret of". In a company that
    keeps no secrets this is the one time. Raises SecretUnreadable when the key that sealed it is
    gone from the environment, and SecretNotKept when it was shown already.
    """
    client_secret = client_secret_take(credential=credential)
    _told_of_secret(credential, action, by)
    return client_secret


@transaction.atomic
def client_secret_try(*, credential: Credential, by: User | None) -> ClientSecret:
    """Return the secret for a request with it, which shows it to nobody.

    Raises as `client_secret_reveal`.
    """
    client_secret = client_secret_open(credential)
    _told_of_secret(credential, "tested", by)
    return client_secret


def client_secret_take(*, credential: Credential) -> ClientSecret:
    """Return the secret to be shown; the caller tells the audit trail what for.

    Where the company keeps no secrets it is forgotten with this. Of two who ask at once, the
    second raises SecretNotKept then. Call it inside a transaction.
    """
    company = credential.api_call.company
    if company.secrets_policy != SecretsPolicy.SHOW_ONCE:
        return client_secret_open(credential)
    client_secret = client_secret_open(credential)
    kept = Credential.objects.filter(pk=credential.pk).exclude(secret_ciphertext=b"")
    if not kept.update(secret_ciphertext=b""):
        raise SecretNotKept
    return client_secret


def secrets_forget(company: Company) -> None:
    """Delete what is kept of the company's secrets; programs that have them go on working."""
    Credential.objects.filter(api_call__company=company).update(secret_ciphertext=b"")


def client_secret_open(credential: Credential) -> ClientSecret:
    """Return the secret in plain text, which is for the above to do.

    Raises SecretUnreadable, and SecretNotKept.
    """
    return vault().open(
        ciphertext=bytes(credential.secret_ciphertext),
        key_number=credential.key_number,
        owner=owner_of(credential.api_call, credential.client_key),
    )


def _told_of_secret(credential: Credential, action: str, by: User | None) -> None:
    api_call = credential.api_call
    audit_event_add(company=api_call.company, actor=by, action=action, subject=api_call)


def credential_add(*, api_call: APICall, by: User | None) -> Credential:
    """Make a pair for a call that has none. The caller tells the audit trail."""
    client_key = new_client_key()
    sealed = vault().seal(new_client_secret(), owner_of(api_call, client_key))
    return Credential.objects.create(
        api_call=api_call,
        client_key=client_key,
        secret_digest=sealed.digest,
        pepper_number=sealed.pepper_number,
        secret_ciphertext=sealed.ciphertext,
        key_number=sealed.key_number,
        created_by=by,
    )


def owner_of(api_call: APICall, client_key: str) -> Owner:
    """Return whom the ciphertext of a pair is bound to."""
    return Owner(company_id=api_call.company_id, api_call_id=api_call.pk, client_key=client_key)
