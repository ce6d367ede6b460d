from accounts.models import Company
from tests.workers.test_changes import as_answered_today, read_from_the_start
from workers import services
from workers.demo import demo_load
from workers.demo.multiply import multiply
from workers.folding import fold, fold_name
from workers.models import Record, Worker


def test_copies_are_workers_like_any_other(company, other_company):
    demo_load(company=company, size="second", by=None)
    demo_load(company=other_company, size="second", by=None)
    people = Worker.objects.for_company(company).count()
    records = Record.objects.filter(worker__company=company).count()
    theirs = Worker.objects.for_company(other_company).count()

    assert list(multiply(company=company, workers=people * 4 - 3)) == [people * 4]

    assert Worker.objects.for_company(company).count() == people * 4
    assert Record.objects.filter(worker__company=company).count() == records * 4
    assert Worker.objects.for_company(other_company).count() == theirs
    # Derived rows are checked after every test; the feed and the folded columns here.
    assert read_from_the_start(company) == as_answered_today(company)
    for worker in Worker.objects.for_company(company):
        assert worker.name_folded == fold_name(
            worker.first_name, worker.middle_name, worker.last_name
        )
        assert (worker.id_number_folded or "") == fold(worker.id_number)


def test_what_is_added_afterwards_gets_a_number_of_its_own(company):
    demo_load(company=company, size="second", by=None)
    assert list(multiply(company=company, workers=60))
    services.worker_add(company=company, by=None, first_name="Abel", last_name="Lee")
    read_from_the_start(Company.objects.get(pk=company.pk))
