"""The server's application without its request log, to measure what the log costs.

For the bench only: the product has no such switch.
"""

from workhub.wsgi import application

# isort: split
from apicalls import request_log  # only now there are models

__all__ = ["application"]


def _nothing(**values: object) -> None:
    return None


request_log.request_log_add = _nothing
