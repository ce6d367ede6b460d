import threading

import pytest
import time_machine
from django.db import connection

from accounts.sign_in import limits
from accounts.sign_in.limits import TooManyAttempts
from accounts.sign_in.models import AttemptCounter

pytestmark = pytest.mark.django_db

NOW = "2026-03-02T12:00:00Z"
HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"


def guess(email="ada@x.example", address=HERE):
    return limits.password_attempt(email=email, address=address)


def test_five_wrong_passwords_are_enough_for_five_minutes():
    with time_machine.travel(NOW, tick=False) as clock:
        for _time in range(5):
            guess()
        with pytest.raises(TooManyAttempts):
            guess()
        # To go on trying makes the wait no longer.
        clock.shift(299)
        with pytest.raises(TooManyAttempts):
            guess()
        clock.shift(1)
        guess()


def test_what_succeeds_does_not_count():
    for _time in range(30):
        guess().succeeded()
    for _time in range(5):
        guess()


@pytest.mark.parametrize(
    ("email", "address"),
    [
        pytest.param("ada@x.example", ELSEWHERE, id="the-same-account-from-elsewhere"),
        pytest.param("bob@x.example", HERE, id="another-account"),
        pytest.param("ada@x.example", None, id="a-unix-socket"),
    ],
)
def test_others_are_not_concerned(email, address):
    for _time in range(5):
        guess()
    guess(email, address)


@pytest.mark.parametrize("email", ["ADA@x.example", " ada@x.example "])
def test_an_account_is_one_however_it_is_typed(email):
    for _time in range(5):
        guess()
    with pytest.raises(TooManyAttempts):
        guess(email)


def test_one_address_tries_twenty_times_and_then_makes_no_more_rows():
    for number in range(20):
        guess(f"{number}@x.example")
    for number in range(20, 25):
        with pytest.raises(TooManyAttempts):
            guess(f"{number}@x.example")
    assert AttemptCounter.objects.count() == 21


def test_a_customer_with_many_addresses_is_one():
    for number in range(5):
        guess(address=f"2001:db8:1:2::{number}")
    with pytest.raises(TooManyAttempts):
        guess(address="2001:db8:1:2:ffff::1")
    guess(address="2001:db8:1:3::1")


def test_codes_are_counted_by_person_and_by_day():
    with time_machine.travel(NOW, tick=False) as clock:
        for _window in range(10):
            for _time in range(5):
                limits.code_attempt(person_id=7)
            with pytest.raises(TooManyAttempts):
                limits.code_attempt(person_id=7)
            clock.shift(300)
        with pytest.raises(TooManyAttempts):
            limits.code_attempt(person_id=7)
        limits.code_attempt(person_id=8)
        limits.code_attempts_forget(person_id=7)
        limits.code_attempt(person_id=7)


def test_a_code_is_used_once():
    use = {"person_id": 7, "code": "123456", "seconds": 120}
    with time_machine.travel(NOW, tick=False) as clock:
        assert limits.is_first_use(**use)
        assert not limits.is_first_use(**use)
        assert not limits.is_first_use(**use)
        assert limits.is_first_use(**use | {"person_id": 8})
        assert limits.is_first_use(**use | {"code": "123457"})
        clock.shift(120)
        assert limits.is_first_use(**use)


def test_nothing_that_was_tried_can_be_read():
    guess("ada@x.example", HERE)
    for key in AttemptCounter.objects.values_list("key", flat=True):
        assert "ada" not in key
        assert HERE not in key


def test_counters_that_are_over_go():
    with time_machine.travel(NOW, tick=False) as clock:
        for number in range(5):
            guess(f"{number}@x.example")
        assert AttemptCounter.objects.count() == 6
        clock.shift(301)
        guess("new@x.example", ELSEWHERE)
        assert AttemptCounter.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("sqlite" in connection.vendor, reason="a database in memory has one connection")
def test_tries_at_once_are_counted_one_by_one():
    let_in, refused = [], []
    barrier = threading.Barrier(8)

    def try_it():
        barrier.wait()
        for _time in range(2):
            try:
                let_in.append(guess())
            except TooManyAttempts:
                refused.append(1)
        connection.close()

    threads = [threading.Thread(target=try_it) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(let_in), len(refused)) == (5, 11)
