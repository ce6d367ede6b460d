"""The cast of every test: a company with an admin and a viewer, and an outsider's company."""

import os

# Before Django reads its settings. Keys of the tests only.
os.environ.update(
    ENV_FILE=os.devnull,
    SECRET_KEY="a-secret-key-of-the-tests-that-is-long-enough-to-be-taken-for-real",
    CREDENTIAL_PEPPERS="1:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
    CREDENTIAL_KEYS="1:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=",
    SITE_URL="https://workhub.example",
    EMAIL_URL="memorymail://",
)

import pytest
from django.conf import settings

from accounts.models import Company, Role, User


def pytest_configure(config):
    # Pages name their files plainly: nothing is collected before a test.
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    # One round, for speed; how passwords are kept is Django's own affair.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


PASSWORD = "a long enough password"


@pytest.fixture
def company(db) -> Company:
    return Company.objects.create(name="Northern Build", time_zone="America/Edmonton")


@pytest.fixture
def other_company(db) -> Company:
    return Company.objects.create(name="Southern Rail", time_zone="Europe/Berlin")


@pytest.fixture
def admin(company) -> User:
    return User.objects.create_user(
        "admin@northern.example", PASSWORD, name="Ada Admin", company=company, role=Role.ADMIN
    )


@pytest.fixture
def viewer(company) -> User:
    return User.objects.create_user(
        "viewer@northern.example", PASSWORD, name="Vic Viewer", company=company, role=Role.VIEWER
    )


@pytest.fixture
def outsider(other_company) -> User:
    """An admin, but of another company."""
    return User.objects.create_user(
        "admin@southern.example",
        PASSWORD,
        name="Olga Outsider",
        company=other_company,
        role=Role.ADMIN,
    )


@pytest.fixture
def client_of(client):
    """Return a function that signs a person in and returns the client."""

    def sign_in(user):
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in
