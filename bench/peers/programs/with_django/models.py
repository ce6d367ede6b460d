"""The product's tables as another program would map them, and keys as the libraries have them."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils import timezone
from knox.models import AbstractAuthToken
from rest_framework_api_key.models import AbstractAPIKey

from bench.peers.programs.document import ItemRow, WorkerRow


class Company(models.Model):
    time_zone = models.CharField(max_length=64)

    class Meta:
        managed = False
        db_table = "accounts_company"


class APICall(models.Model):
    company = models.ForeignKey(Company, models.CASCADE)
    state = models.CharField(max_length=10)

    class Meta:
        managed = False
        db_table = "apicalls_apicall"


class Credential(models.Model):
    api_call = models.ForeignKey(APICall, models.CASCADE)
    client_key = models.CharField(max_length=14)
    secret_digest = models.BinaryField()
    pepper_number = models.PositiveSmallIntegerField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "apicalls_credential"


class CallAPIKey(AbstractAPIKey):
    """The library's key, of an API call: made for the bench, beside the product's tables."""

    credential = models.ForeignKey(Credential, models.CASCADE, db_constraint=False)

    class Meta:
        db_table = "bench_callapikey"


class User(AbstractBaseUser):
    email = models.EmailField(unique=True)
    company = models.ForeignKey(Company, models.CASCADE, null=True)
    is_active = models.BooleanField()

    USERNAME_FIELD = "email"

    class Meta:
        managed = False
        db_table = "accounts_user"


class CallToken(AbstractAuthToken):
    """The other library's token, of a user and an API call: made for the bench as well."""

    credential = models.ForeignKey(Credential, models.CASCADE, db_constraint=False)

    class Meta:
        db_table = "bench_calltoken"


class Division(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        managed = False
        db_table = "workers_division"


class Location(models.Model):
    name = models.CharField(max_length=100)
    division = models.ForeignKey(Division, models.PROTECT, null=True)

    class Meta:
        managed = False
        db_table = "workers_location"


class Position(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        managed = False
        db_table = "workers_position"


class Worker(models.Model):
    company = models.ForeignKey(Company, models.CASCADE)
    id_number = models.CharField(max_length=50)
    id_number_folded = models.CharField(max_length=150)
    first_name = models.CharField(max_length=100)
    middle_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    is_active = models.BooleanField()
    worker_type = models.CharField(max_length=10)
    position = models.ForeignKey(Position, models.PROTECT, null=True)
    location = models.ForeignKey(Location, models.PROTECT, null=True)

    class Meta:
        managed = False
        db_table = "workers_worker"

    @property
    def public_id(self) -> str:
        return f"wkr_{self.pk}"

    @property
    def id_number_or_none(self) -> str | None:
        return self.id_number or None

    def as_row(self) -> WorkerRow:
        location = self.location
        return WorkerRow(
            self.pk,
            self.id_number,
            self.first_name,
            self.middle_name,
            self.last_name,
            self.is_active,
            self.worker_type,
            self.position.name if self.position else None,
            location.name if location else None,
            location.division.name if location and location.division else None,
        )


class Requirement(models.Model):
    component = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    compliant_when = models.CharField(max_length=20)

    class Meta:
        managed = False
        db_table = "workers_requirement"


class Record(models.Model):
    completed_on = models.DateField(null=True)
    issued_on = models.DateField(null=True)
    certificate_number = models.CharField(max_length=100)
    issuer = models.CharField(max_length=200)

    class Meta:
        managed = False
        db_table = "workers_record"


class WorkerRequirement(models.Model):
    worker = models.ForeignKey(Worker, models.CASCADE, related_name="requirements")
    requirement = models.ForeignKey(Requirement, models.CASCADE)
    record = models.ForeignKey(Record, models.SET_NULL, null=True)
    level = models.CharField(max_length=20)
    because = models.CharField(max_length=30)
    standing = models.CharField(max_length=20)
    coming_due_on = models.DateField(null=True)
    expires_on = models.DateField(null=True)

    class Meta:
        managed = False
        db_table = "workers_workerrequirement"

    @property
    def public_id(self) -> str:
        return f"req_{self.requirement_id}"

    def as_row(self) -> ItemRow:
        requirement, record = self.requirement, self.record
        return ItemRow(
            self.requirement_id,
            requirement.component,
            requirement.name,
            requirement.compliant_when,
            self.level,
            self.because,
            self.standing,
            self.coming_due_on,
            self.expires_on,
            record.completed_on if record else None,
            record.issued_on if record else None,
            record.certificate_number if record else None,
            record.issuer if record else None,
        )


class RequestLog(models.Model):
    at = models.DateTimeField(default=timezone.now)
    api_call_id = models.BigIntegerField()
    credential_id = models.BigIntegerField()
    request_id = models.CharField(max_length=32)
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40, default="")
    milliseconds = models.PositiveIntegerField()
    size = models.PositiveIntegerField(default=0)
    is_test = models.BooleanField(default=False)
    output_format = models.CharField(max_length=4, default="json")
    address = models.GenericIPAddressField(null=True)
    client = models.CharField(max_length=200)
    lookup = models.CharField(max_length=20, default="id_number")
    lookup_hash = models.CharField(max_length=32, default="")
    worker_id = models.BigIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "apicalls_requestlog"
