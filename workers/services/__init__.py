"""Writes to workers, requirements, assignments and records.

Each is one transaction that validates, keeps the folded columns and the derived rows,
and leaves its line in the audit trail. All raise ValidationError for values that are not
valid and for objects of another company.
"""

from workers.services.assignments import CellsChangedMeanwhile, assignments_set
from workers.services.limits import person_limit_set
from workers.services.meanwhile import ChangedMeanwhile
from workers.services.places import (
    Merged,
    place_add,
    place_change,
    place_digest,
    place_merge,
    place_remove,
)
from workers.services.records import (
    NewRecord,
    RecordFields,
    record_add,
    record_approve,
    record_change,
    record_digest,
    record_reject,
    records_add,
)
from workers.services.requirements import (
    RequirementFields,
    assignment_remove,
    assignment_set,
    requirement_add,
    requirement_change,
    requirement_deactivate,
    requirement_digest,
    requirement_reactivate,
)
from workers.services.workers import (
    WorkerFields,
    worker_add,
    worker_change,
    worker_deactivate,
    worker_digest,
    worker_reactivate,
    workers_add,
)

__all__ = [
    "CellsChangedMeanwhile",
    "ChangedMeanwhile",
    "Merged",
    "NewRecord",
    "RecordFields",
    "RequirementFields",
    "WorkerFields",
    "assignment_remove",
    "assignment_set",
    "assignments_set",
    "person_limit_set",
    "place_add",
    "place_change",
    "place_digest",
    "place_merge",
    "place_remove",
    "record_add",
    "record_approve",
    "record_change",
    "record_digest",
    "record_reject",
    "records_add",
    "requirement_add",
    "requirement_change",
    "requirement_deactivate",
    "requirement_digest",
    "requirement_reactivate",
    "worker_add",
    "worker_change",
    "worker_deactivate",
    "worker_digest",
    "worker_reactivate",
    "workers_add",
]
