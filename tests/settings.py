"""The installation's settings, with secrets of the tests only.

pytest-django reads settings before any conftest is loaded, so the environment is set here.
"""

import os
import tempfile
from pathlib import Path

os.environ |= {
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "a-secret-key-of-the-tests-that-is-long-enough-to-be-taken-for-real-9f2c",
    "CREDENTIAL_PEPPERS": "1:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
    "CREDENTIAL_KEYS": "1:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=",
    "SITE_URL": "https://workhub.example",
    "EMAIL_URL": "memorymail://",
    # Tests that are about it have a file of their own.
    "ENDED_PAIRS": "",
    # A test that imports workhub/wsgi.py must not change how others wait.
    "DATABASE_TIMEOUTS": "off",
    # Not there before a test makes it.
    "LOG_SPOOL": str(Path(tempfile.gettempdir()) / f"workhub-tests-spool-{os.getpid()}"),
}
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")

from workhub.settings import *  # noqa: F403

# Pages name their files plainly: nothing is collected before a test.
STORAGES["staticfiles"] = {  # noqa: F405
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
# One round, for speed; how passwords are kept is Django's own affair.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Django's test client does not ask encrypted; tests of what is refused then switch it on.
HTTPS_REQUIRED = False
