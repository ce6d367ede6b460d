import pytest
from django.core.cache import cache

from accounts.models import Role, User
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def no_code_used_yet():
    """django-allauth notes codes of authenticator apps in the cache, besides our own note."""
    cache.clear()


@pytest.fixture
def owner(company) -> User:
    return User.objects.create_user(
        "owner@northern.example", PASSWORD, name="Odo Owner", company=company, role=Role.OWNER
    )


@pytest.fixture
def second_owner(company) -> User:
    return User.objects.create_user(
        "second.owner@northern.example",
        PASSWORD,
        name="Una Owner",
        company=company,
        role=Role.OWNER,
    )


@pytest.fixture
def manager(company) -> User:
    return User.objects.create_user(
        "manager@northern.example",
        PASSWORD,
        name="Max Manager",
        company=company,
        role=Role.MANAGER,
    )


@pytest.fixture
def second_admin(company) -> User:
    return User.objects.create_user(
        "second@northern.example", PASSWORD, name="Sam Second", company=company, role=Role.ADMIN
    )


@pytest.fixture
def operator(db) -> User:
    return User.objects.create_superuser("operator@workhub.example", PASSWORD, name="Otto Operator")
