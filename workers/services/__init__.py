"""Writes to workers, requirements, assignments and records.

Each is one transaction that validates, keeps the folded columns and the derived rows,
and leaves its line in the audit trail. All raise ValidationError for values that are not
valid and for objects of another company.
"""

from workers.services.meanwhile import ChangedMeanwhile
from workers.services.records import (
    NewRecord,
    RecordFields,
    record_add,
    record_approve,
    record_change,
    record_reject,
    records_add,
)
from workers.services.requirements import (
    RequirementFields,
    assignment_remove,
    assignment_set,
    requirement_add,
    requirement_change,
)
from workers.services.workers import WorkerFields, worker_add, worker_change, workers_add

__all__ = [
    "ChangedMeanwhile",
    "NewRecord",
    "RecordFields",
    "RequirementFields",
    "WorkerFields",
    "assignment_remove",
    "assignment_set",
    "record_add",
    "record_approve",
    "record_change",
    "record_reject",
    "records_add",
    "requirement_add",
    "requirement_change",
    "worker_add",
    "worker_change",
    "workers_add",
]
