"""Companies, their people, and the trail of what people did."""

import uuid
import zoneinfo
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Self, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.roles import OF_THE_WHOLE_COMPANY, RIGHTS, Right, Role
from accounts.validators import validate_single_line, validate_time_zone

DEFAULT_REQUEST_LOG_DAYS = 400


class SecretsPolicy(models.TextChoices):
    """Whether a Client Secret can be shown again."""

    REVEAL = "reveal", _("Admins can show it again; each time is in the activity")
    SHOW_ONCE = "show_once", _("It is shown once, and kept nowhere")


class Company(models.Model):
    """A customer of Workhub. Everything but the API templates belongs to one company."""

    name = models.CharField(_("name"), max_length=200, validators=[validate_single_line])
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    coming_due_days = models.PositiveSmallIntegerField(
        _("coming due, in days"),
        default=30,
        validators=[MaxValueValidator(366)],
        help_text=_("So many days before it expires, a requirement counts as coming due."),
    )
    request_log_days = models.PositiveSmallIntegerField(
        _("keep the request log for, in days"),
        default=DEFAULT_REQUEST_LOG_DAYS,
        validators=[MinValueValidator(31), MaxValueValidator(3660)],
        help_text=_("What programs asked through API calls is deleted after so many days."),
    )
    second_factor_required = models.BooleanField(
        _("second factor required"),
        default=False,
        help_text=_(
            "Who has no authenticator app is led to set one up at the next click, and reaches "
            "nothing else before."
        ),
    )
    secrets_policy = models.CharField(
        _("Client Secrets"),
        max_length=10,
        choices=SecretsPolicy,
        default=SecretsPolicy.REVEAL,
        help_text=_(
            "With “shown once”, all secrets that are kept now are deleted at once: programs that "
            "have them go on working, and nobody can look them up again."
        ),
    )
    max_key_age_days = models.PositiveSmallIntegerField(
        _("maximum age of a pair, in days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3660)],
        help_text=_(
            "Older pairs of Client Key and Client Secret are refused until they are regenerated. "
            "What is too old when you set this goes on for 30 days. Leave empty for no limit."
        ),
    )
    # When the maximum age became what it is: what was too old by then goes on for a while.
    max_key_age_set_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [
            models.CheckConstraint(
                name="accounts_company_coming_due_days_bounded",
                condition=models.Q(coming_due_days__lte=366),
            ),
            models.CheckConstraint(
                name="accounts_company_request_log_days_bounded",
                condition=models.Q(request_log_days__gte=31, request_log_days__lte=3660),
            ),
            models.CheckConstraint(
                name="accounts_company_secrets_policy_valid",
                condition=models.Q(secrets_policy__in=SecretsPolicy.values),
            ),
            models.CheckConstraint(
                name="accounts_company_max_key_age_bounded",
                condition=models.Q(max_key_age_days=None)
                | models.Q(
                    max_key_age_days__gte=1,
                    max_key_age_days__lte=3660,
                    max_key_age_set_at__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def today(self) -> date:
        """Return the date in the company's time zone: what "today" means in every answer."""
        return timezone.localdate(timezone=zoneinfo.ZoneInfo(self.time_zone))

    def day_begin(self, day: date) -> datetime:
        """Return when a day begins here; where midnight is skipped, with what follows it."""
        return datetime.combine(day, time.min, tzinfo=zoneinfo.ZoneInfo(self.time_zone))


Row = TypeVar("Row", bound=models.Model, covariant=True)


class CompanyQuerySet(models.QuerySet[Row]):
    """Rows that carry their company. No query of a page or an answer leaves out `for_company`."""

    def for_company(self, company: Company) -> Self:
        return self.filter(company=company)


class UserManager(BaseUserManager["User"]):
    """Make users by e-mail, as Django's own commands expect."""

    def for_company(self, company: Company) -> "models.QuerySet[User]":
        return self.get_queryset().filter(company=company)

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class SignedInManager(UserManager):
    """What Django reads who is signed in by: with the company, which every page asks for."""

    def get_queryset(self) -> models.QuerySet["User"]:
        return super().get_queryset().select_related("company")


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail: somebody of a company, in a role, or the operator.

    The operator belongs to no company and works in Django admin (`is_staff`).
    """

    # Public identifier used in page addresses, so that row counts do not leak.
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Lower case, always: one person is one row however the address is typed.
    email = models.EmailField(
        _("e-mail"),
        unique=True,
        error_messages={"unique": _("A person with this e-mail is already there.")},
    )
    name = models.CharField(
        _("name"), max_length=200, blank=True, validators=[validate_single_line]
    )
    company = models.ForeignKey(
        Company, models.CASCADE, related_name="people", null=True, blank=True
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.VIEWER)
    # Which of the company's workers the person is limited to, as workers/scope.py stores it:
    # one division or one location. Empty: all of them.
    limit = models.JSONField(default=dict, blank=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    # How the person likes the pages. Empty: as the browser asks, and as the company has it.
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, default="", validators=[validate_time_zone]
    )
    has_shortcuts = models.BooleanField(_("keyboard shortcuts"), default=True)
    # Raised to end every session of the person: what was signed in stays out for good, also
    # when the person is reactivated later.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"

    objects = UserManager()
    signed_in = SignedInManager()

    class Meta:
        default_manager_name = "signed_in"
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                name="accounts_user_email_lower_case", condition=models.Q(email=Lower("email"))
            ),
            models.CheckConstraint(
                name="accounts_user_role_valid", condition=models.Q(role__in=Role.values)
            ),
            models.CheckConstraint(
                name="accounts_user_owner_without_limit",
                condition=~models.Q(role=Role.OWNER) | models.Q(limit={}),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = self.email.strip().lower()

    def may(self, right: Right) -> bool:
        """Tell whether the person's role in the company, and their limit, leave the right."""
        if self.is_limited and right in OF_THE_WHOLE_COMPANY:
            return False
        return self.company_id is not None and self.role in RIGHTS[right]

    @property
    def shown_time_zone(self) -> str | None:
        """Return the zone in which the person reads times: their own, else the company's."""
        return self.time_zone or (self.company.time_zone if self.company else None)

    @property
    def is_limited(self) -> bool:
        """Tell whether only a part of the company's workers is the person's to see."""
        return bool(self.limit)

    # For page templates, which cannot pass an argument.

    @property
    def is_company_owner(self) -> bool:
        return self.may(Right.MANAGE_OWNERS)

    @property
    def may_manage_people(self) -> bool:
        return self.may(Right.MANAGE_PEOPLE)

    @property
    def is_company_admin(self) -> bool:
        """Tell whether the person may do what admins may: owners may, too."""
        return self.may(Right.CHANGE_API_CALLS)

    @property
    def may_change_workers(self) -> bool:
        """Tell whether workers, requirements and records are the person's to change."""
        return self.may(Right.CHANGE_WORKERS)

    def get_session_auth_hash(self) -> str:
        return f"{super().get_session_auth_hash()}.{self.session_epoch}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for fallback in super().get_session_auth_fallback_hash():
            yield f"{fallback}.{self.session_epoch}"


INVITATION_LASTS = timedelta(days=7)
# So long after a link was sent the same form is the same press of a button, sent twice.
INVITATION_SETTLES = timedelta(minutes=1)


class Invitation(models.Model):
    """Somebody who may become a person of the company by setting a password.

    No person before that: an e-mail that is a person's of another company, which nobody here
    may know, is invited like any other. The row goes when the invitation is accepted or
    withdrawn; what happened is in the audit trail.
    """

    # What a link is signed for, together with `link_number`.
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    company = models.ForeignKey(Company, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=200, validators=[validate_single_line])
    role = models.CharField(_("role"), max_length=10, choices=Role)
    invited_by = models.ForeignKey(User, models.SET_NULL, related_name="+", null=True)
    # Raised with each new link, which ends those before.
    link_number = models.PositiveIntegerField(default=1)
    link_made_at = models.DateTimeField(default=timezone.now)
    mail_failed = models.BooleanField(default=False)

    objects = CompanyQuerySet["Invitation"].as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "email"], name="accounts_invitation_once_per_email"
            ),
            models.CheckConstraint(
                name="accounts_invitation_email_lower_case",
                condition=models.Q(email=Lower("email")),
            ),
            models.CheckConstraint(
                name="accounts_invitation_role_valid", condition=models.Q(role__in=Role.values)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ends_at(self) -> datetime:
        return self.link_made_at + INVITATION_LASTS

    @property
    def is_open(self) -> bool:
        return timezone.now() < self.ends_at

    @property
    def is_settling(self) -> bool:
        """Tell whether its mail is on the way just now."""
        return not self.mail_failed and timezone.now() < self.link_made_at + INVITATION_SETTLES


from accounts.audit.models import AuditEvent, AuditHead  # noqa: E402, F401
from accounts.sign_in.models import AttemptCounter, PersonSession  # noqa: E402, F401
