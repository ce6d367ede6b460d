"""The chain of the audit trail, and how a broken link is found."""

import hashlib
import threading
from contextlib import contextmanager
from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import DatabaseError

from accounts import services
from accounts.audit.trail import audit_event_add
from accounts.audit.verification import Fault, verify, verify_and_note
from accounts.models import AuditEvent, AuditHead


@pytest.fixture
def five(company, admin):
    for number in range(1, 6):
        audit_event_add(company=company, actor=admin, action=f"step {number}", subject=company)
    return company


@contextmanager
def unguarded():
    """Let rows be changed, as by somebody who passes by Workhub and may do everything."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            yield cursor
            return
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_auditevent DISABLE TRIGGER USER")
        yield cursor
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_auditevent ENABLE TRIGGER USER")


def forge(sql, *values):
    with unguarded() as cursor:
        cursor.execute(sql, values)


# --- Writing ---------------------------------------------------------------------------


def test_a_digest_is_over_the_entry_and_the_one_before(company, admin, time_machine):
    time_machine.move_to("2026-03-02T06:30:00.500Z", tick=False)
    services.company_change(company=company, by=admin, name="Northern")
    [event] = AuditEvent.objects.all()
    text = (
        f'[1,"{"0" * 64}",{company.pk},1,"2026-03-02T06:30:00.500000+00:00",{admin.pk},'
        f'"Ada Admin","changed","accounts.company","{company.pk}","Northern",'
        '{"name":["Northern Build","Northern"]},null]'
    )
    assert (event.sequence, event.digest) == (1, hashlib.sha256(text.encode()).hexdigest())
    after = audit_event_add(company=company, actor=None, action="looked at", subject=company)
    text = (
        f'[1,"{event.digest}",{company.pk},2,"2026-03-02T06:30:00.500000+00:00",null,"Workhub",'
        f'"looked at","accounts.company","{company.pk}","Northern Build",{{}},null]'
    )
    assert after.digest == hashlib.sha256(text.encode()).hexdigest()


def test_each_company_has_a_chain_of_its_own(five, other_company, outsider):
    audit_event_add(company=other_company, actor=outsider, action="a", subject=other_company)
    assert AuditEvent.objects.for_company(other_company).get().sequence == 1
    numbers = AuditEvent.objects.for_company(five).order_by("sequence")
    assert list(numbers.values_list("sequence", flat=True)) == [1, 2, 3, 4, 5]
    assert AuditHead.objects.get(company=five).sequence == 5


def test_what_is_undone_leaves_no_entry_and_no_gap(five, admin):
    with transaction.atomic():
        audit_event_add(company=five, actor=admin, action="undone", subject=five)
        transaction.set_rollback(True)
    audit_event_add(company=five, actor=admin, action="done", subject=five)
    assert AuditEvent.objects.latest("sequence").sequence == 6
    assert verify(company=five).holds


def test_only_what_the_page_can_ask_for_is_written_of(company, admin):
    with pytest.raises(TypeError, match="AuditHead"):
        audit_event_add(company=company, actor=admin, action="x", subject=AuditHead())


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_chain(company, admin):
    if connection.vendor == "sqlite":
        pytest.skip("a database in memory has one connection")

    def add():
        try:
            for _ in range(10):
                audit_event_add(company=company, actor=admin, action="at once", subject=company)
        finally:
            connection.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(company=company).sequence == 40
    assert verify(company=company).holds


# --- Verifying -------------------------------------------------------------------------


def test_a_trail_that_nobody_touched_holds(five):
    verdict = verify_and_note(company=five)
    assert (verdict.sequence, verdict.holds) == (5, True)
    head = AuditHead.objects.get(company=five)
    assert (head.verified_sequence, head.broken_at) == (5, None)
    assert verdict.digest == head.digest


def test_an_empty_trail_holds(company):
    assert verify(company=company).holds


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "another"),
        ("actor_name", "Somebody Else"),
        ("actor_id", None),
        ("subject_name", "x"),
        ("subject_id", "0"),
        ("subject_type", "accounts.user"),
        ("changes", '{"name": ["a", "b"]}'),
        ("address", "192.0.2.1"),
        ("at", "2026-01-01 00:00:00+00:00"),
        ("digest", "0" * 64),
    ],
)
def test_a_changed_entry_is_named(five, column, value):
    forge(f"UPDATE accounts_auditevent SET {column} = %s WHERE sequence = 3", value)
    verdict = verify_and_note(company=five)
    assert (verdict.sequence, verdict.broken_at, verdict.fault) == (2, 3, Fault.CHANGED)
    assert AuditHead.objects.get(company=five).broken_at == 3


@pytest.mark.parametrize(
    ("sql", "broken_at", "fault"),
    [
        pytest.param(
            "DELETE FROM accounts_auditevent WHERE sequence = 2", 2, Fault.MISSING, id="from-within"
        ),
        pytest.param(
            "DELETE FROM accounts_auditevent WHERE sequence >= 4", 4, Fault.MISSING, id="the-end"
        ),
        pytest.param("DELETE FROM accounts_auditevent", 1, Fault.MISSING, id="all"),
        pytest.param("DELETE FROM accounts_audithead", 1, Fault.ADDED, id="the-head"),
        pytest.param(
            "UPDATE accounts_audithead SET sequence = 3", 3, Fault.CHANGED, id="the-head-moved"
        ),
        pytest.param(
            "UPDATE accounts_auditevent SET sequence = 9 WHERE sequence = 5",
            5,
            Fault.MISSING,
            id="renumbered",
        ),
    ],
)
def test_what_is_missing_is_named(five, sql, broken_at, fault):
    forge(sql)
    verdict = verify(company=five)
    assert (verdict.broken_at, verdict.fault) == (broken_at, fault)


def test_a_row_that_was_slipped_in_past_the_end_is_named(five):
    forge("UPDATE accounts_audithead SET sequence = 4, digest = %s", _digest_of(4))
    assert (verify(company=five).broken_at, verify(company=five).fault) == (5, Fault.ADDED)


def test_a_chain_that_was_written_anew_is_found_out_by_what_was_kept(five):
    kept = {5: _digest_of(5)}
    forge("UPDATE accounts_auditevent SET action = 'another' WHERE sequence = 1")
    digest = "0" * 64
    for event in AuditEvent.objects.order_by("sequence"):
        digest = event.digest_after(digest)
        forge("UPDATE accounts_auditevent SET digest = %s WHERE id = %s", digest, event.pk)
    forge("UPDATE accounts_audithead SET digest = %s", digest)
    assert verify(company=five).holds
    verdict = verify(company=five, kept=kept)
    assert (verdict.broken_at, verdict.fault) == (5, Fault.NOT_AS_KEPT)


def _digest_of(sequence):
    return AuditEvent.objects.get(sequence=sequence).digest


# --- The command -----------------------------------------------------------------------


def test_the_command_prints_where_each_trail_ends(five, other_company):
    told = StringIO()
    call_command("verify_audit", stdout=told)
    assert told.getvalue().splitlines() == [
        f"company {five.pk}, entry 5, digest {_digest_of(5)}, holds, Northern Build",
        f"company {other_company.pk}, entry 0, digest {'0' * 64}, holds, Southern Rail",
    ]


def test_the_command_names_the_first_broken_link_and_fails(five):
    forge("UPDATE accounts_auditevent SET action = 'x' WHERE sequence IN (2, 4)")
    told = StringIO()
    with pytest.raises(CommandError, match="1 of 1 audit trails do not hold"):
        call_command("verify_audit", stdout=told)
    assert "BROKEN at entry 2: it was changed, or does not follow" in told.getvalue()


def test_the_command_compares_with_what_it_printed_earlier(five, admin, tmp_path):
    earlier = tmp_path / "earlier.txt"
    with earlier.open("w") as told:
        call_command("verify_audit", stdout=told)
    audit_event_add(company=five, actor=admin, action="later", subject=five)
    call_command("verify_audit", against=earlier, stdout=StringIO())
    forge("DELETE FROM accounts_auditevent WHERE sequence > 3")
    forge("UPDATE accounts_audithead SET sequence = 3, digest = %s", _digest_of(3))
    call_command("verify_audit", stdout=StringIO())  # cut off clean, nothing shows
    told = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", against=earlier, stdout=told)
    assert "BROKEN at entry 4: it is missing" in told.getvalue()


def test_the_command_says_which_line_it_cannot_read(five, tmp_path):
    file = tmp_path / "earlier.txt"
    file.write_text("nonsense\n")
    with pytest.raises(CommandError, match=r"Line 1 of .* nonsense"):
        call_command("verify_audit", against=file)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_audit", against=tmp_path / "none.txt")
    with pytest.raises(CommandError, match="no company 0"):
        call_command("verify_audit", company=0)


# --- The table -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE accounts_auditevent SET action = 'x'",
        "DELETE FROM accounts_auditevent WHERE sequence = 5",
    ],
)
def test_postgresql_refuses_to_change_or_delete_an_entry(five, sql):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no users to keep anything from")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert verify(company=five).holds


def test_what_was_there_before_the_chain_is_linked_in_its_order(five, other_company):
    expected = list(AuditEvent.objects.order_by("id").values_list("sequence", "digest"))
    forge("UPDATE accounts_auditevent SET sequence = sequence + 100, digest = ''")
    forge("DELETE FROM accounts_audithead")
    migration = import_module("accounts.migrations.0007_audit_chain")
    with unguarded():
        migration.link(apps, None)
    assert list(AuditEvent.objects.order_by("id").values_list("sequence", "digest")) == expected
    assert verify(company=five).holds
    assert not AuditHead.objects.filter(company=other_company).exists()
