"""The compliance rules, as pure functions: no ORM, no HTTP, no clock.

The stored half ("standing") depends on facts only and is kept by the services that
write; the dated half (coming due, expired) is worked out for the day that is asked
about, so that an answer is right at midnight without any job having run.
"""

from enum import StrEnum


class Component(StrEnum):
    """The seven kinds of requirement, in the order in which answers list them."""

    ONLINE_TRAINING = "online_training"
    CERTIFICATE = "certificate"
    POLICY = "policy"
    PROCEDURE = "procedure"
    BULLETIN = "bulletin"
    COMPETENCY = "competency"
    ORIENTATION = "orientation"


class Level(StrEnum):
    """How much a requirement asks of a worker, strictest first."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NOT_APPLICABLE = "not_applicable"


class Status(StrEnum):
    """What one requirement is for one worker on one day."""

    MISSING = "missing"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    REJECTED = "rejected"
    CURRENT = "current"
    COMING_DUE = "coming_due"
    EXPIRED = "expired"
    REVIEW_AGAIN = "review_again"
    DECLINED = "declined"
    REQUIRES_SUPERVISION = "requires_supervision"
    PREQUALIFIED = "prequalified"


class RecordState(StrEnum):
    """What became of a record: the part of a status that no date changes."""

    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    APPROVED = "approved"
    DECLINED = "declined"
    REQUIRES_SUPERVISION = "requires_supervision"
    PREQUALIFIED = "prequalified"


class WorkerStatus(StrEnum):
    COMPLIANT = "compliant"
    NOT_COMPLIANT = "not_compliant"
    NOTHING_REQUIRED = "nothing_required"
    INACTIVE = "inactive"


class CompliantWhen(StrEnum):
    """From when on a submitted record counts."""

    ON_SUBMISSION = "on_submission"
    AFTER_APPROVAL = "after_approval"


class Because(StrEnum):
    """Which of a worker's assignments made the level of a requirement.

    A worker has one position and one location, so these four say it all, and the names
    are read when they are shown: renaming a position changes no derived row.
    """

    POSITION = "position"
    LOCATION = "location"
    POSITION_AND_LOCATION = "position_and_location"  # two assignments that agree
    POSITION_AT_LOCATION = "position_at_location"  # one assignment that names both
