"""What each address of the API takes and answers with, for whoever describes it."""

from apicalls.options import PARAMETERS, Parameter
from apicalls.parameters import LOOKUPS, OPTIONS
from workhub.problem_types import PROBLEM_TYPES, ProblemType

_ONE_WORKER = "worker-compliance"

# What is asked of each address.
SUMMARIES = {
    "worker-compliance": "May this worker work today, and if not, what is missing?",
    "compliance-roster": "How do all workers in the call's scope stand?",
    "compliance-changes": "What has changed since the last time?",
    "expiring-requirements": "What lapses soon, and whose is it?",
    "verify": "Which API call is this, until when, and what is it served?",
}

# Kinds of error that only these documents know; the others can come from any address.
_ONLY_OF = {
    "missing_parameter": tuple(name for name in OPTIONS if name != "verify"),
    "invalid_cursor": tuple(name for name, options in OPTIONS.items() if "limit" in options),
    "worker_not_found": (_ONE_WORKER,),
    "worker_ambiguous": (_ONE_WORKER,),
    "parameters_not_set": (_ONE_WORKER,),
}


def parameters_of(document: str) -> tuple[Parameter, ...]:
    """Return each parameter that calls of the document can be sent, those of a tick first."""
    # Only of one worker does a tick decide what may be sent; elsewhere it says what must.
    ticked = (*LOOKUPS["id_number"], *LOOKUPS["full_name"]) if document == _ONE_WORKER else ()
    return tuple(PARAMETERS[name] for name in dict.fromkeys((*ticked, *OPTIONS[document])))


def takes_a_tick(document: str, parameter: str) -> bool:
    """Tell whether the parameter may only be sent to a call for which it is ticked."""
    return parameter not in OPTIONS[document]


def problems_of(document: str) -> tuple[ProblemType, ...]:
    """Return every kind of error that the document's address can answer with."""
    left_out = {code for code, documents in _ONLY_OF.items() if document not in documents}
    return tuple(kind for code, kind in PROBLEM_TYPES.items() if code not in left_out)
