import pytest
from django.core.cache import cache

from accounts.models import Role, User
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def no_attempts_yet():
    """Limits on signing in are counted in the cache."""
    cache.clear()


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
