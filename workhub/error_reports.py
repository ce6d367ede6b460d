"""Reports of errors to Sentry, or what understands its protocol, for who sets SENTRY_DSN.

A report is made anew of what is named here, and of nothing else: where in the code it happened,
what kind of exception it was, and which request. An exception's message, a log line's arguments,
variables of frames, headers, cookies, addresses, bodies and queries can hold a secret or somebody's
name, so they are not looked through but left out; what is told with the request's id is in the
server's log.

Nothing is imported of sentry_sdk where no DSN is set.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workhub.logs import request_id
from workhub.redaction import without_credentials

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport

_OF_EVENT = (
    *("event_id", "timestamp", "level", "logger", "platform", "sdk"),
    *("release", "environment", "server_name"),
)
_OF_FRAME = (
    *("filename", "abs_path", "module", "function", "lineno", "in_app"),
    *("pre_context", "context_line", "post_context"),
)
# Whose log messages are known to be the same text whoever asked.
_OURS = ("accounts", "workers", "apicalls", "workhub")

_is_on = False


def start(dsn: str, *, transport: "Transport | None" = None) -> None:
    """Begin to report what is logged as an error, and what nothing catches.

    Raises ImportError without sentry-sdk, and its BadDsn for a DSN that is none. None of the
    integrations that look at requests or queries is there, so nothing of them is gathered.
    """
    global _is_on
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger

    # It logs the traceback as text, and calls `report`.
    ignore_logger("workhub.problems")
    sentry_sdk.init(
        dsn=dsn,
        transport=transport,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(callback=lambda _pending, _timeout: None),
            DedupeIntegration(),
            ExcepthookIntegration(),
            LoggingIntegration(level=None),
        ],
        before_send=_told,
        before_breadcrumb=lambda _crumb, _hint: None,
        before_send_transaction=lambda _event, _hint: None,
        # Neither data_collection nor send_default_pii: of whom a request is, nothing is gathered.
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        enable_metrics=False,
        propagate_traces=False,
        spotlight=False,
        debug=False,
    )
    _is_on = True


def report(exc: BaseException) -> None:
    """Report an exception that was caught and is answered."""
    if _is_on:
        import sentry_sdk

        sentry_sdk.capture_exception(exc)


def _told(event: Any, hint: Any) -> Any:
    """Return what is sent of an event, None for one that is not: sentry_sdk's before_send."""
    if event.get("logger") == "django.request" and "exception" not in event:
        return None  # that an answer was a 500 or 503, whose reason has been told
    told = {name: event[name] for name in _OF_EVENT if name in event}
    if answered := request_id.get():
        told["tags"] = {"request_id": answered}
    if message := _message(event):
        told["logentry"] = {"message": message}
    if raised := list(_raised(event)):
        told["exception"] = {"values": raised}
    return _masked(told)


def _message(event: Any) -> str:
    """Return what was logged without its arguments, "" for a text that may be made of them."""
    entry = event.get("logentry") or {}
    is_ours = str(event.get("logger", "")).partition(".")[0] in _OURS
    return str(entry.get("message", "")) if is_ours or entry.get("params") else ""


def _raised(event: Any) -> Iterator[dict[str, Any]]:
    for one in (event.get("exception") or {}).get("values") or []:
        told = {name: one[name] for name in ("type", "module") if one.get(name)}
        frames = (one.get("stacktrace") or {}).get("frames") or []
        told["stacktrace"] = {
            "frames": [
                {name: frame[name] for name in _OF_FRAME if name in frame} for frame in frames
            ]
        }
        yield told


def _masked(value: Any) -> Any:
    """Mask what looks like a credential in all texts: a file name is somebody's choice, too."""
    match value:
        case str():
            return without_credentials(value)
        case dict():
            return {name: _masked(one) for name, one in value.items()}
        case list():
            return [_masked(one) for one in value]
    return value
