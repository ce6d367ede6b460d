"""How the server's log is written."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

from workhub.redaction import without_secrets

# Of the request that this thread answers, "" outside of one: workhub/answering.py sets it.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# What ends a line or moves the cursor of whoever reads the log in a terminal.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class LineFormatter(logging.Formatter):
    """Write one line for each record, and those of a traceback moved in beneath it.

    Much of what is logged was sent by somebody: a line break in it would make what they wrote
    look like a line of ours (OWASP, "Log Injection").
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return _escaped(without_secrets(super().formatMessage(record)))

    def formatException(self, ei: object) -> str:  # noqa: N802
        text = without_secrets(super().formatException(ei))  # type: ignore[arg-type]
        return "\n".join(f"    {_escaped(line)}" for line in text.split("\n"))


class JSONFormatter(logging.Formatter):
    """Write one JSON object for each record, on one line of ASCII, for programs that read logs.

    Members: time (RFC 3339, UTC), level, logger, message; request_id while a request is answered;
    exception with the traceback. What callers hand over in `extra` is left out: Django's holds
    the request with all its headers.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        if answered := request_id.get():
            told["request_id"] = answered
        if text := self._exception(record):
            told["exception"] = without_secrets(text)
        return json.dumps(told)

    def _exception(self, record: logging.LogRecord) -> str:
        parts = []
        if record.exc_info:
            parts.append(self.formatException(record.exc_info))
        elif record.exc_text:
            parts.append(record.exc_text)
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return "\n".join(parts)


def _escaped(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
