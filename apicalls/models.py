"""API templates, the API calls companies make from them, their credentials and requests."""

import uuid
from collections.abc import Iterable

from django.conf import settings
from django.core.validators import MinLengthValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CompanyQuerySet, User
from accounts.validators import validate_carriable, validate_single_line
from apicalls.credentials import CLIENT_KEY_LENGTH
from apicalls.documents import document_path
from apicalls.documents.fields import FIELD_GROUP_MEMBERS
from apicalls.parameters import LOOKUPS, is_ready, parameter_names, website_address

DEFAULT_RATE_LIMIT = 600
CLIENT_LENGTH = 200
CALLER_CLIENT_LENGTH = 60


class OutputFormat(models.TextChoices):
    JSON = "json", "JSON"
    XML = "xml", "XML"


class Document(models.TextChoices):
    """What an endpoint serves. Each has a module in apicalls/documents/ and an address."""

    WORKER_COMPLIANCE = "worker-compliance", _("Worker compliance")
    COMPLIANCE_ROSTER = "compliance-roster", _("Compliance roster")
    COMPLIANCE_CHANGES = "compliance-changes", _("Compliance changes")
    EXPIRING_REQUIREMENTS = "expiring-requirements", _("Expiring requirements")


class RequestType(models.TextChoices):
    GET = "GET", "GET"


class APITemplate(models.Model):
    """What the "Add API call" dialog offers. Rows, not code: support staff add one in Django
    admin, without a deploy, over any document that the API serves."""

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(
        _("name"), max_length=100, unique=True, validators=[validate_single_line]
    )
    purpose = models.TextField(_("purpose"), max_length=500, validators=[validate_carriable])
    request_type = models.CharField(
        _("Request Type"), max_length=3, choices=RequestType, default=RequestType.GET
    )
    document = models.CharField(_("document"), max_length=30, choices=Document)
    is_active = models.BooleanField(_("offered"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("API template")
        verbose_name_plural = _("API templates")
        ordering = ["order", "name"]
        constraints = [
            models.CheckConstraint(
                name="apicalls_template_document_valid",
                condition=models.Q(document__in=Document.values),
            ),
            models.CheckConstraint(
                name="apicalls_template_request_type_valid",
                condition=models.Q(request_type__in=RequestType.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    # Of the rows that Workhub brings there are translations; others are shown as they are.

    @property
    def shown_name(self) -> str:
        return gettext(self.name)

    @property
    def shown_purpose(self) -> str:
        return gettext(self.purpose)


class ParameterSet(models.Model):
    """One check box under Parameters: what a caller must send when it is ticked."""

    template = models.ForeignKey(APITemplate, models.CASCADE, related_name="parameter_sets")
    label = models.CharField(_("label"), max_length=100, validators=[validate_single_line])
    lookup = models.CharField(
        _("parameters"),
        max_length=20,
        choices=[(lookup, "&".join(names)) for lookup, names in LOOKUPS.items()],
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("parameter set")
        verbose_name_plural = _("parameter sets")
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "lookup"], name="apicalls_parameterset_lookup_unique"
            ),
            models.CheckConstraint(
                name="apicalls_parameterset_lookup_valid",
                condition=models.Q(lookup__in=list(LOOKUPS)),
            ),
        ]

    def __str__(self) -> str:
        return self.label


class FieldGroup(models.Model):
    """One check box under Fields: a part of the document that a call can do without."""

    template = models.ForeignKey(APITemplate, models.CASCADE, related_name="field_groups")
    label = models.CharField(_("label"), max_length=100, validators=[validate_single_line])
    group = models.CharField(
        _("fields"), max_length=30, choices=[(group, group) for group in FIELD_GROUP_MEMBERS]
    )
    # Ticked in a new call.
    is_default = models.BooleanField(_("ticked at first"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("field group")
        verbose_name_plural = _("field groups")
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "group"], name="apicalls_fieldgroup_group_unique"
            ),
            models.CheckConstraint(
                name="apicalls_fieldgroup_group_valid",
                condition=models.Q(group__in=list(FIELD_GROUP_MEMBERS)),
            ),
        ]

    def __str__(self) -> str:
        return self.label


class State(models.TextChoices):
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    ARCHIVED = "archived", _("Archived")


class APICall(models.Model):
    """A data export that one company set up for one consumer, such as its HR software.

    Each API call has its own client key and client secret, so an admin can tell
    consumers apart and cut one off without touching the others.
    """

    # Public identifier used in page addresses, so that row counts do not leak.
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    company = models.ForeignKey(Company, models.CASCADE, related_name="api_calls")
    template = models.ForeignKey(APITemplate, models.PROTECT, related_name="api_calls")
    name = models.CharField(_("name"), max_length=100, validators=[validate_single_line])
    description = models.TextField(
        _("description / notes"),
        max_length=5000,
        blank=True,
        default="",
        validators=[validate_carriable],
    )
    owner_contact = models.CharField(
        _("owner contact"),
        max_length=200,
        blank=True,
        default="",
        validators=[validate_single_line],
    )
    output_format = models.CharField(
        _("Output Format"), max_length=4, choices=OutputFormat, default=OutputFormat.JSON
    )
    # None ticked: the call is not ready and the API answers 409.
    parameter_sets = models.ManyToManyField(
        ParameterSet, verbose_name=_("Parameters"), related_name="+", blank=True
    )
    # Codes of the ticked field groups, and the scope as lists of ids: what each answer reads
    # together with the credential. A list of the scope that is empty asks nothing; an id
    # whose place is gone matches nobody, where a row gone from a table would let all in.
    field_groups = models.JSONField(_("Fields"), default=list, blank=True)
    scope = models.JSONField(_("Scope"), default=dict, blank=True)
    # Both as they are now: what the request log names.
    served_version = models.ForeignKey(
        "ServedVersion",
        models.SET_NULL,
        related_name="+",
        null=True,
        editable=False,
        db_index=False,
    )
    # Requests a minute, over both pairs and all of the installation's processes.
    rate_limit = models.PositiveIntegerField(
        _("requests a minute"), default=DEFAULT_RATE_LIMIT, validators=[MinValueValidator(1)]
    )
    # In CIDR notation; none: every address is answered.
    allowed_networks = models.JSONField(_("Allowed networks"), default=list, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CompanyQuerySet["APICall"].as_manager()

    class Meta:
        verbose_name = _("API call")
        verbose_name_plural = _("API calls")
        constraints = [
            models.CheckConstraint(
                name="apicalls_apicall_output_format_valid",
                condition=models.Q(output_format__in=OutputFormat.values),
            ),
            models.CheckConstraint(
                name="apicalls_apicall_state_valid", condition=models.Q(state__in=State.values)
            ),
        ]
        indexes = [
            models.Index(fields=["company", "name"], name="apicalls_apicall_by_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("api_call", args=[self.code])

    def is_ready(self, parameter_sets: Iterable[ParameterSet] | None = None) -> bool:
        """Tell whether parameters are set; until then the API answers 409.

        They are those of the call, or `parameter_sets` instead.
        """
        if parameter_sets is None:
            parameter_sets = self.parameter_sets.all()
        names = parameter_names(one.lookup for one in parameter_sets)
        return is_ready(self.template.document, names)

    def website_address(self, parameter_sets: Iterable[ParameterSet] | None = None) -> str:
        """Return the RFC 6570 template that the calling program fills in.

        It has the parameters of the chosen sets, or of `parameter_sets` instead.
        """
        if parameter_sets is None:
            parameter_sets = self.parameter_sets.all()
        names = parameter_names(one.lookup for one in parameter_sets)
        return website_address(settings.SITE_URL, document_path(self.template.document), names)


class ServedVersion(models.Model):
    """Fields and scope of an API call, as they were from one change of them to the next.

    Rows are added, never changed. A logged request names the one it was answered with, so that
    what was told, and about whom it could be, is known after the settings are others.
    """

    api_call = models.ForeignKey(APICall, models.CASCADE, related_name="served_versions")
    field_groups = models.JSONField(default=list)
    scope = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("served version")
        verbose_name_plural = _("served versions")

    def __str__(self) -> str:
        return f"{self.api_call}: {', '.join(self.field_groups)}"


class Credential(models.Model):
    """A Client Key and Client Secret of an API call.

    Rows are added, and ended by a conditional UPDATE; nothing is changed in place, so a
    slow request that carries an old pair cannot bring it back to life.
    """

    api_call = models.ForeignKey(APICall, models.CASCADE, related_name="credentials")
    client_key = models.CharField(
        max_length=CLIENT_KEY_LENGTH,
        unique=True,
        validators=[MinLengthValidator(CLIENT_KEY_LENGTH)],
    )
    # HMAC-SHA256 of both under the pepper of that number: what a pair is found by.
    secret_digest = models.BinaryField(max_length=32)
    pepper_number = models.PositiveSmallIntegerField()
    # AES-256-GCM under the key of that number: nonce, then ciphertext and tag.
    secret_ciphertext = models.BinaryField(max_length=100)
    key_number = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, related_name="+", null=True)
    # NULL: the current pair. Otherwise it was replaced at the one time, and is answered until
    # the other.
    replaced_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    # Somebody stopped it: it has ended, also for a machine whose clock is behind.
    is_stopped = models.BooleanField(default=False)
    # Written at most once a minute.
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        constraints = [
            models.UniqueConstraint(
                fields=["api_call"],
                condition=models.Q(ends_at__isnull=True),
                name="apicalls_credential_one_current",
            ),
        ]
        indexes = [
            # What a pair is found by.
            models.Index(fields=["secret_digest"], name="apicalls_credential_by_digest"),
        ]

    def __str__(self) -> str:
        return self.client_key


class HandOver(models.Model):
    """A link that shows a pair once to somebody who has no login, such as an integrator.

    The link itself is not kept: only its digest.
    """

    # Public identifier used in page addresses, so that row counts do not leak.
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    credential = models.ForeignKey(Credential, models.CASCADE, related_name="hand_overs")
    # SHA-256 of what stands in the link, which is random.
    token_digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, related_name="+", null=True)
    expires_at = models.DateTimeField()
    # At most one of the two.
    opened_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    # Where it was opened from.
    address = models.GenericIPAddressField(null=True)

    class Meta:
        verbose_name = _("hand-over link")
        verbose_name_plural = _("hand-over links")
        constraints = [
            models.CheckConstraint(
                name="apicalls_handover_ended_once",
                condition=models.Q(opened_at=None) | models.Q(withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credential}: {self.code}"

    @property
    def is_open(self) -> bool:
        """Tell whether the link can still be opened."""
        return (
            self.opened_at is None
            and self.withdrawn_at is None
            and self.expires_at > timezone.now()
        )


class CallerState(models.TextChoices):
    ANSWERED = "answered", _("Answered")
    HELD = "held", _("Held")
    BLOCKED = "blocked", _("Blocked")


class Caller(models.Model):
    """A program that uses an API call, told by where it asks from and what it calls itself."""

    api_call = models.ForeignKey(APICall, models.CASCADE, related_name="callers", db_index=False)
    # A network in CIDR notation, and the first product of the User-Agent without its version.
    address_range = models.CharField(max_length=43, blank=True)
    client = models.CharField(max_length=CALLER_CLIENT_LENGTH, blank=True)
    # What the admin calls it, such as "Payroll nightly"; "" until somebody did.
    name = models.CharField(
        _("name"), max_length=100, blank=True, default="", validators=[validate_single_line]
    )
    state = models.CharField(
        _("state"), max_length=10, choices=CallerState, default=CallerState.ANSWERED
    )
    first_seen_at = models.DateTimeField(default=timezone.now)
    # Written at most once a minute, with the pair that it used then.
    last_seen_at = models.DateTimeField(default=timezone.now)
    credential = models.ForeignKey(Credential, models.SET_NULL, related_name="+", null=True)

    class Meta:
        verbose_name = _("caller")
        verbose_name_plural = _("callers")
        constraints = [
            models.UniqueConstraint(
                fields=["api_call", "address_range", "client"], name="apicalls_caller_unique"
            ),
            models.CheckConstraint(
                name="apicalls_caller_state_valid", condition=models.Q(state__in=CallerState.values)
            ),
        ]

    def __str__(self) -> str:
        return self.called

    @property
    def called(self) -> str:
        """Return its name, or what it is told by."""
        return self.name or self.told_by

    @property
    def told_by(self) -> str:
        """Return program and network: "PostmanRuntime, 192.0.2.0/24"."""
        parts = [one for one in (self.client, self.address_range) if one]
        return ", ".join(parts) or str(_("All others"))


class Reminder(models.Model):
    """That people were told of an end of a call or of its pair that comes nearer."""

    api_call = models.ForeignKey(APICall, models.CASCADE, related_name="reminders")
    # The last day on which it is answered.
    last_day = models.DateField()
    days_before = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(
                fields=["api_call", "last_day", "days_before"], name="apicalls_reminder_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.api_call}: {self.days_before}"


class RequestLog(models.Model):
    """One answered request with a right pair, written before the answer leaves.

    It holds no name and no ID#. What was looked up is a keyed hash, whom it found is the row.
    On PostgreSQL the table is partitioned by month (apicalls/partitions.py).

    The rows that it names were read for the answer, and are never deleted but with their
    company: the database does not look them up again for each request.
    """

    at = models.DateTimeField(default=timezone.now)
    # Indexed together with the time, below.
    api_call = models.ForeignKey(
        APICall, models.CASCADE, related_name="requests", db_index=False, db_constraint=False
    )
    credential = models.ForeignKey(
        Credential, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    request_id = models.CharField(max_length=32)
    status = models.PositiveSmallIntegerField()
    # The problem's code, "" for an answer.
    code = models.CharField(max_length=40, blank=True)
    milliseconds = models.PositiveIntegerField()
    # Length of the body.
    size = models.PositiveIntegerField()
    # Sent from the details page, by no program.
    is_test = models.BooleanField(default=False)
    output_format = models.CharField(max_length=4, blank=True, default="")
    address = models.GenericIPAddressField(null=True)
    # The User-Agent, as far as it fits.
    client = models.CharField(max_length=CLIENT_LENGTH, blank=True, default="")
    caller = models.ForeignKey(
        Caller,
        models.SET_NULL,
        related_name="requests",
        null=True,
        db_index=False,
        db_constraint=False,
    )
    # How a worker was looked up (a key of LOOKUPS, "" when none was), under which keyed hash,
    # and which worker was told of: no foreign key, so that the log outlives what it tells of.
    lookup = models.CharField(max_length=20, blank=True, default="")
    lookup_hash = models.CharField(max_length=32, blank=True, default="")
    worker_id = models.BigIntegerField(null=True)
    # The last row of the company's changes feed that was there when the worker was read.
    change_sequence = models.BigIntegerField(null=True)
    # The fields and the scope that it was answered with.
    served_version = models.ForeignKey(
        ServedVersion,
        models.SET_NULL,
        related_name="+",
        null=True,
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("request log")
        indexes = [
            models.Index(fields=["api_call", "at"], name="apicalls_requestlog_by_call"),
            # Few of many, to be found without going through the others.
            models.Index(
                fields=["api_call", "at"],
                name="apicalls_requestlog_refused",
                condition=models.Q(status__gte=400, status__lt=500),
            ),
            models.Index(
                fields=["api_call", "at"],
                name="apicalls_requestlog_failed",
                condition=models.Q(status__gte=500),
            ),
            models.Index(fields=["caller", "at"], name="apicalls_requestlog_by_caller"),
            models.Index(fields=["request_id"], name="apicalls_requestlog_by_id"),
            models.Index(
                fields=["worker_id", "at"],
                name="apicalls_requestlog_by_worker",
                condition=models.Q(worker_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.status}"


class RefusedRequests(models.Model):
    """Requests of one minute without a right pair, folded by whose key they carry, the problem
    and the mistake.

    Whoever has no pair can send as many as they like: of what they send there is one row a
    minute for each of the few that they can mean, and not one for each request.
    """

    # Minute, credential, problem and mistake; apicalls/request_log.py writes it with one
    # statement.
    key = models.CharField(max_length=100, primary_key=True)
    # The beginning of the minute.
    at = models.DateTimeField()
    # Both NULL when no key of ours was sent. As in the request log without a constraint: to
    # check one would take longer where a key is known.
    api_call = models.ForeignKey(
        APICall,
        models.CASCADE,
        related_name="refused",
        null=True,
        db_index=False,
        db_constraint=False,
    )
    credential = models.ForeignKey(
        Credential,
        models.CASCADE,
        related_name="+",
        null=True,
        db_index=False,
        db_constraint=False,
    )
    code = models.CharField(max_length=40)
    # What was wrong with the header, as doctor.Mistake has it; nothing else is kept of it.
    mistake = models.CharField(max_length=20, blank=True, default="")
    status = models.PositiveSmallIntegerField()
    times = models.PositiveIntegerField(default=1)
    # Of the last of them.
    request_id = models.CharField(max_length=32)
    address = models.GenericIPAddressField(null=True)
    client = models.CharField(max_length=CLIENT_LENGTH, blank=True, default="")

    class Meta:
        verbose_name = _("refused requests")
        verbose_name_plural = _("refused requests")
        indexes = [
            models.Index(fields=["api_call", "at"], name="apicalls_refused_by_call"),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.times}"


class RequestCount(models.Model):
    """How many requests of a quarter of an hour were alike.

    apicalls/usage/counts.py makes the rows from the log, for times that are over, so that no
    page has to go through millions of requests. Late rows may be added for the same quarter:
    they add up.
    """

    api_call = models.ForeignKey(
        APICall, models.CASCADE, related_name="request_counts", db_index=False
    )
    # On a quarter of an hour of UTC: midnight is one in every time zone.
    begins_at = models.DateTimeField()
    # NULL: without a right pair, or not known.
    caller = models.ForeignKey(Caller, models.SET_NULL, related_name="+", null=True, db_index=False)
    served_version = models.ForeignKey(
        ServedVersion, models.SET_NULL, related_name="+", null=True, db_index=False
    )
    status = models.PositiveSmallIntegerField()
    times = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("request count")
        verbose_name_plural = _("request counts")
        indexes = [
            models.Index(fields=["api_call", "begins_at"], name="apicalls_requestcount_by_call"),
        ]

    def __str__(self) -> str:
        return f"{self.begins_at:%Y-%m-%d %H:%M} {self.status}: {self.times}"


class RequestDayCount(models.Model):
    """The same of a whole day of the company: what is added up of months and years.

    Made of RequestCount when the day is over, and made anew where the company moves to another
    time zone.
    """

    api_call = models.ForeignKey(
        APICall, models.CASCADE, related_name="request_day_counts", db_index=False
    )
    day = models.DateField()
    served_version = models.ForeignKey(
        ServedVersion, models.SET_NULL, related_name="+", null=True, db_index=False
    )
    status = models.PositiveSmallIntegerField()
    times = models.PositiveIntegerField()
    # To a quarter of an hour, as RequestCount has them.
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = _("request count of a day")
        verbose_name_plural = _("request counts of days")
        indexes = [
            models.Index(fields=["api_call", "day"], name="apicalls_daycount_by_call"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.status}: {self.times}"


class CountedUntil(models.Model):
    """Up to when a company's requests are in RequestCount; later ones are in the log only."""

    company = models.OneToOneField(Company, models.CASCADE, related_name="+", primary_key=True)
    at = models.DateTimeField()
    # Days of that time zone before this one are in RequestDayCount, too. NULL: none yet.
    day = models.DateField(null=True)
    time_zone = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("time of counting")
        verbose_name_plural = _("times of counting")

    def __str__(self) -> str:
        return f"{self.company}: {self.at}"


class LimitCounter(models.Model):
    """How often something was done in the window that began with its first hit.

    apicalls/limits.py writes it, with one statement, so that no hit is lost between processes.
    """

    key = models.CharField(max_length=64, primary_key=True)
    # Unix time in seconds.
    started_at = models.FloatField()
    hits = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("limit counter")
        verbose_name_plural = _("limit counters")

    def __str__(self) -> str:
        return f"{self.key}: {self.hits}"
