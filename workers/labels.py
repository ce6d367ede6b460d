"""What pages call the values of the compliance rules."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from workers.compliance import (
    CompliantWhen,
    Component,
    Level,
    RecordState,
    Status,
    WorkerStatus,
)

Labels = Mapping[str, Promise]

COMPONENTS: Labels = {
    Component.ONLINE_TRAINING: _("Online training"),
    Component.CERTIFICATE: _("Certificate"),
    Component.POLICY: _("Policy"),
    Component.PROCEDURE: _("Procedure"),
    Component.BULLETIN: _("Bulletin"),
    Component.COMPETENCY: _("Competency"),
    Component.ORIENTATION: _("Orientation"),
}
LEVELS: Labels = {
    Level.REQUIRED: _("Required"),
    Level.OPTIONAL: _("Optional"),
    Level.NOT_APPLICABLE: _("Not Applicable"),
}
STATUSES: Labels = {
    Status.MISSING: _("Missing"),
    Status.IN_PROGRESS: _("In progress"),
    Status.WAITING_FOR_APPROVAL: _("Waiting for approval"),
    Status.REJECTED: _("Rejected"),
    Status.CURRENT: _("Current"),
    Status.COMING_DUE: _("Coming due"),
    Status.EXPIRED: _("Expired"),
    Status.REVIEW_AGAIN: _("Changed since last review"),
    Status.DECLINED: _("Declined"),
    Status.REQUIRES_SUPERVISION: _("Requires supervision"),
    Status.PREQUALIFIED: _("Prequalified"),
}
RECORD_STATES: Labels = {
    RecordState.IN_PROGRESS: _("In progress"),
    RecordState.SUBMITTED: _("Submitted"),
    RecordState.REJECTED: _("Rejected"),
    RecordState.APPROVED: _("Approved"),
    RecordState.DECLINED: _("Declined"),
    RecordState.REQUIRES_SUPERVISION: _("Requires supervision"),
    RecordState.PREQUALIFIED: _("Prequalified"),
}
COMPLIANT_WHEN: Labels = {
    CompliantWhen.ON_SUBMISSION: _("On submission"),
    CompliantWhen.AFTER_APPROVAL: _("After approval"),
}
WORKER_STATUSES: Labels = {
    WorkerStatus.COMPLIANT: _("Compliant"),
    WorkerStatus.NOT_COMPLIANT: _("Not compliant"),
    WorkerStatus.NOTHING_REQUIRED: _("Nothing required"),
    WorkerStatus.INACTIVE: _("Inactive"),
}
