"""What is kept of attempts to sign in, and of where people are signed in."""

import uuid

from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class AttemptCounter(models.Model):
    """How often something was tried in the window that began with its first try.

    In the database, so that no process counts for itself; accounts/sign_in/limits.py writes it.
    """

    # A keyed hash: nobody reads e-mails and addresses here.
    key = models.CharField(max_length=64, primary_key=True)
    hits = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("attempt counter")
        verbose_name_plural = _("attempt counters")

    def __str__(self) -> str:
        return f"{self.key}: {self.hits}"


class PersonSession(models.Model):
    """Where and when a person signed in; it goes when the session does."""

    session = models.OneToOneField(Session, models.CASCADE, primary_key=True, related_name="+")
    # Names it in page addresses: the key of a session is a secret.
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    started_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        return f"{self.person}, {self.started_at:%Y-%m-%d %H:%M}"
