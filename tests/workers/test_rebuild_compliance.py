import pytest
from django.core.management import CommandError, call_command

from workers.models import WorkerRequirement


def told(capsys, *arguments):
    call_command("rebuild_compliance", *arguments)
    return capsys.readouterr().out


def test_right_rows_are_left_alone(capsys, dana, asked_first_aid):
    assert told(capsys) == "nothing to change\n"
    assert told(capsys, "--check") == "nothing to change\n"


def test_empty_installation_has_nothing_to_change(db, capsys):
    assert told(capsys) == "nothing to change\n"


def test_wrong_rows_are_repaired_and_told(capsys, company, dana, asked_first_aid, theirs):
    WorkerRequirement.objects.filter(worker=dana).delete()
    assert told(capsys) == (
        f"Northern Build (company {company.pk}): 1 created, 0 changed, 0 deleted\n"
    )
    assert told(capsys) == "nothing to change\n"


@pytest.mark.breaks_derived_rows
def test_check_changes_nothing_and_exits_1(capsys, company, dana, asked_first_aid):
    WorkerRequirement.objects.update(standing="current")
    with pytest.raises(CommandError) as raised:
        call_command("rebuild_compliance", "--check")
    assert raised.value.returncode == 1
    assert capsys.readouterr().out == (
        f"Northern Build (company {company.pk}): 0 created, 1 changed, 0 deleted\n"
    )
    assert WorkerRequirement.objects.get().standing == "current"


@pytest.mark.breaks_derived_rows
def test_one_company_can_be_named(capsys, company, other_company, dana, asked_first_aid, theirs):
    WorkerRequirement.objects.all().delete()
    assert told(capsys, "--company", str(other_company.pk)) == (
        f"Southern Rail (company {other_company.pk}): 1 created, 0 changed, 0 deleted\n"
    )
    assert not WorkerRequirement.objects.filter(worker=dana).exists()


def test_company_that_is_not_there_is_an_error(db):
    with pytest.raises(CommandError, match="There is no company 4711"):
        call_command("rebuild_compliance", "--company", "4711")
