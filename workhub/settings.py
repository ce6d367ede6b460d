"""Settings of every installation. What differs between them comes from the environment.

`.env.example` documents each variable. Nothing here has an unsafe default: without its
secrets the server does not start, and says which are missing and how to make them.
"""

import os
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from workhub import error_reports
from workhub.environment import (
    HOW_TO_MAKE_THEM,
    EnvironmentReader,
    is_site_url,
    redis_url,
    with_id,
)
from workhub.proxies import TrustedProxies

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
# The process's own environment goes before the file.
environ.Env.read_env(env.path("ENV_FILE", default=str(BASE_DIR / "var" / ".env")))

# --- Secrets ---------------------------------------------------------------------------

_reader = EnvironmentReader(os.environ)
SECRET_KEY = _reader.secret("SECRET_KEY")
# Peppers check a Client Secret, keys show it again; apart, so that a leak of one is not both.
CREDENTIAL_PEPPERS = _reader.numbered_keys("CREDENTIAL_PEPPERS")
CREDENTIAL_KEYS = _reader.numbered_keys("CREDENTIAL_KEYS")
# Who has it reads /metrics.
METRICS_TOKEN = _reader.token("METRICS_TOKEN")
# Who has it sends reports of errors in our name.
SENTRY_DSN = _reader.optional_secret("SENTRY_DSN")
if _reader.faults:
    raise ImproperlyConfigured(
        "Workhub does not start: "
        + "; ".join(map(with_id, _reader.faults))
        + ". "
        + HOW_TO_MAKE_THEM
    )

# --- Where it is served ----------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
# Website Addresses are built from this, never from a request's Host header.
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
if not is_site_url(SITE_URL):
    raise ImproperlyConfigured(
        "(workhub.E004) SITE_URL must read like https://workhub.example.com, without a query; "
        f"it is {SITE_URL!r}."
    )
_site = urlsplit(SITE_URL)
_host = f"[{_site.hostname}]" if ":" in str(_site.hostname) else _site.hostname
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_host])
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}"]

# Whose X-Forwarded-For and X-Forwarded-Proto are believed; everybody else's are ignored.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
try:
    TrustedProxies(TRUSTED_PROXIES)
except ValueError as error:
    raise ImproperlyConfigured(
        "(workhub.E005) TRUSTED_PROXIES holds networks such as 10.0.0.0/8, and unix for a Unix "
        f"socket: {error}."
    ) from error

# Where /metrics is answered to, beside METRICS_TOKEN: whichever is set must hold. With neither,
# nothing is counted.
METRICS_NETWORKS = env.list("METRICS_NETWORKS", default=[])
try:
    for _network in METRICS_NETWORKS:
        ip_network(_network)
except ValueError as error:
    raise ImproperlyConfigured(
        f"(workhub.E007) METRICS_NETWORKS holds networks such as 10.0.0.0/8: {error}."
    ) from error
# A folder of this machine's alone: its processes add up in it.
METRICS_FOLDER = env.str("METRICS_FOLDER", default=str(BASE_DIR / "var" / "metrics"))

ROOT_URLCONF = "workhub.urls"
WSGI_APPLICATION = "workhub.wsgi.application"

# --- Apps and middleware ---------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "accounts",
    "workers",
    "apicalls",
]

MIDDLEWARE = [
    "workhub.probes.ProbesMiddleware",
    "workhub.metrics.MetricsMiddleware",
    "workhub.answering.AnsweringMiddleware",
    "workhub.middleware.TrustedProxyMiddleware",
    "workhub.middleware.RequestIDMiddleware",
    # Programs are answered here: what follows is for pages only.
    "workhub.middleware.APIMiddleware",
    "workhub.waiting.PagesWaitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "accounts.addresses.ActingAddressMiddleware",
    "workhub.middleware.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.languages.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sign_in.middleware.SessionSeenMiddleware",
    "accounts.sign_in.middleware.SecondFactorRequiredMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Data ------------------------------------------------------------------------------

DATABASES = {
    "default": env.db_url(
        "DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'workhub.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Writers queue for up to 20 s instead of failing with "database is locked", which needs
    # each transaction to take its lock at the start; readers go on meanwhile (WAL). Who answers
    # queues for less: API_WAITS.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif env.bool("DATABASE_PREPARED_STATEMENTS", default=True):
    # What the API asks at each answer is planned once for each connection (workers/prepared.py).
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 2
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if replica_url := env.str("DATABASE_REPLICA_URL", default=""):
    # A copy of it that lists are read from, each as of one moment (apicalls/replica.py).
    DATABASES["replica"] = env.db_url_config(replica_url)
    if {one["ENGINE"] for one in DATABASES.values()} != {"django.db.backends.postgresql"}:
        raise ImproperlyConfigured(
            "(workhub.E011) DATABASE_REPLICA_URL leads to a replica of the PostgreSQL server in "
            "DATABASE_URL: both begin with postgres://. Without a replica, leave it out."
        )
    from psycopg import IsolationLevel

    options = DATABASES["replica"].setdefault("OPTIONS", {})
    options["isolation_level"] = IsolationLevel.REPEATABLE_READ
    DATABASES["replica"]["CONN_MAX_AGE"] = DATABASES["default"]["CONN_MAX_AGE"]
# How many seconds a process that answers waits for the database (workhub/waiting.py): for a lock,
# and for a statement. Commands, imports and the clock wait for as long as it takes.
DATABASE_TIMEOUTS = env.bool("DATABASE_TIMEOUTS", default=True)
API_WAITS = (
    env.float("API_LOCK_TIMEOUT", default=0.3),
    env.float("API_STATEMENT_TIMEOUT", default=1.0),
)
PAGE_WAITS = (
    env.float("PAGE_LOCK_TIMEOUT", default=5.0),
    env.float("PAGE_STATEMENT_TIMEOUT", default=30.0),
)
# For a connection; the driver takes less than 2 for 2.
DATABASE_CONNECT_TIMEOUT = env.int("DATABASE_CONNECT_TIMEOUT", default=2)
# For whoever reads a stream to read on: a stream is a transaction.
DATABASE_IDLE_TIMEOUT = env.float("DATABASE_IDLE_TIMEOUT", default=300.0)
if min(*API_WAITS, *PAGE_WAITS, DATABASE_CONNECT_TIMEOUT, DATABASE_IDLE_TIMEOUT) < 0.001:
    raise ImproperlyConfigured(
        "(workhub.E010) Timeouts of the database are seconds, more than 0; DATABASE_TIMEOUTS=off "
        "sets none."
    )
# Where rows of the request log wait while the database can only be read: a folder that outlives
# the process, of this machine alone.
LOG_SPOOL = env.str("LOG_SPOOL", default=str(BASE_DIR / "var" / "spool"))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
# Limits are counted in Redis when the cache is there, else in the database: never in the
# memory of a process, which would multiply them by the number of processes.
RATE_LIMIT_STORAGE = redis_url(env.str("CACHE_URL", default=""))
# What an admin can choose at most for an API call, in requests a minute.
RATE_LIMIT_MAX = env.int("RATE_LIMIT_MAX", default=6000)
# Failed ones from one address, and with one Client Key, before they are answered 429.
FAILED_AUTHORIZATIONS_PER_MINUTE = env.int("FAILED_AUTHORIZATIONS_PER_MINUTE", default=30)

# A file beside the database that outlasts it: which pairs have ended (apicalls/ended_pairs.py).
ENDED_PAIRS = env.str("ENDED_PAIRS", default=str(BASE_DIR / "var" / "ended-pairs"))

# What takes longer than a page may, kept in the database: `manage.py db_worker` does it.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- People ----------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.adapter.PasswordResetTokens"  # noqa: S105
# Counted in accounts/sign_in/limits.py: these would be in a cache that processes need not share.
ACCOUNT_RATE_LIMITS = False
# Seconds. accounts/permissions.py asks for a proof that is no older, in django-allauth's pages too.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Workhub"
# A code is good for a step longer, and one earlier: clocks differ, and people type slowly.
MFA_TOTP_TOLERANCE = 1
MFA_REAUTHENTICATION_REQUIRED = False

vars().update(env.email_url("EMAIL_URL", default=f"filemail:///{BASE_DIR / 'var' / 'mail'}"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"Workhub <workhub@{_site.hostname}>")

# --- API -------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # Deny by default: each endpoint names what it accepts.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["workhub.permissions.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "workhub.problems.exception_handler",
    # "?format=xml" is a parameter like any other, and no override of the call's Output Format.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
}
# Used by apicalls/openapi.py. drf-spectacular is no installed app: it would bring commands
# and checks to every start, for a document that is made when somebody asks for it.
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Workhub API",
    "VERSION": "1.0.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # In the order of the addresses, which begins with what most programs ask.
    "SORT_OPERATIONS": False,
}

# --- Pages -----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# In their own words, for whoever looks for theirs.
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "workhub" / "locale"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
FORMAT_MODULE_PATH = "workhub.formats"
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "var" / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Safety ----------------------------------------------------------------------------

_is_https = _site.scheme == "https"
SESSION_ENGINE = "accounts.sign_in.session_engine"
SESSION_COOKIE_SECURE = _is_https
CSRF_COOKIE_SECURE = _is_https
LANGUAGE_COOKIE_SECURE = _is_https
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _is_https
SECURE_HSTS_PRELOAD = _is_https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The proxy that ends TLS sends people from http to https. The API must never redirect: a
# program that followed would have sent its Client Secret in the clear and noticed nothing. It
# is refused instead (https_required).
HTTPS_REQUIRED = _is_https
SILENCED_SYSTEM_CHECKS = ["security.W008"]

# --- What is told of it ----------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured(f"(workhub.E008) LOG_FORMAT is line or json; it is {LOG_FORMAT!r}.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "workhub.logs.LineFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "workhub.logs.JSONFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # The default handler mails frame variables to ADMINS; a frame may hold a secret.
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # Refused pages are the visitors' affair; the API has a log of its own.
        "django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False},
    },
}
if SENTRY_DSN:
    try:
        error_reports.start(SENTRY_DSN)
    except ImportError as error:
        raise ImproperlyConfigured(
            "(workhub.E009) SENTRY_DSN is set, and sentry-sdk is not installed: install "
            "requirements/sentry.txt instead of requirements/run.txt."
        ) from error
    except ValueError:
        # Not with what it is: it is a secret.
        raise ImproperlyConfigured("(workhub.E009) SENTRY_DSN is no address of Sentry's.") from None
