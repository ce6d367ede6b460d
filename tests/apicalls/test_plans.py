"""How PostgreSQL goes about what is asked of large tables: by an index, and by a part of it.

The tables are filled until that is the way for a planner that knows their figures. What fails here
has lost its index, or a condition that can use it.
"""

import json

import pytest
from django.db import connection

from apicalls.models import APICall, Caller, Credential, RequestLog
from workers.demo import demo_load
from workers.demo.multiply import multiply
from workers.models import Location, Position, Worker
from workers.scope import EVERYBODY
from workers.selectors import number_in_scope

pytestmark = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="it is about PostgreSQL's plans"
)

# Rows from which on a table is no longer read as a whole for a few of them.
LARGE = 2000
_BY_INDEX = {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}


class Plans:
    """Notes how each statement is planned before it is run."""

    def __init__(self):
        self.faults = []
        self.statements = 0
        with connection.cursor() as cursor:
            # Indexes are as large as their tables.
            cursor.execute("SELECT relname FROM pg_class WHERE reltuples >= %s", [LARGE])
            self._large = {name for (name,) in cursor.fetchall()}

    def __call__(self, execute, sql, params, many, context):
        if sql.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE")) and params is not None:
            self.statements += 1
            [[plan]] = connection.connection.execute(
                f"EXPLAIN (FORMAT JSON) {sql}", params, binary=False
            ).fetchall()
            plan = json.loads(plan) if isinstance(plan, str) else plan
            self.faults += [f"{fault}: {sql}" for fault in self._faults(plan[0]["Plan"])]
        return execute(sql, params, many, context)

    def _faults(self, node):
        kind = node["Node Type"]
        if kind == "Seq Scan" and node["Relation Name"] in self._large:
            yield f"reads all of {node['Relation Name']}"
        is_by_index = kind in _BY_INDEX and node["Index Name"] in self._large
        if is_by_index and "Index Cond" not in node:
            yield f"goes through all of {node['Index Name']}"
        for part in node.get("Plans", []):
            if kind in ("Limit", "Merge Join") and part["Node Type"] in _BY_INDEX:
                continue  # in the order of an index, as far as the other side or the limit goes
            yield from self._faults(part)


def copies(model, original, number, **different):
    """Copy a row so many times; `different` holds SQL by column, over the copy's number n."""
    names = [one.column for one in model._meta.concrete_fields if not one.primary_key]
    values = [different.get(name, f'"{name}"') for name in names]
    table = model._meta.db_table
    columns = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {', '.join(values)} "
            f"FROM {table}, generate_series(1, {number}) AS n WHERE {table}.id = {original.pk}"
        )


@pytest.fixture
def register(company, other_company, add_call, ask):
    """Two companies of the same service: one small, and one that has most of all rows."""
    demo_load(company=company, size="second", by=None)
    demo_load(company=other_company, size="second", by=None)
    list(multiply(company=other_company, workers=3000))
    theirs = add_call(other_company)
    somebody = Worker.objects.for_company(other_company).exclude(id_number="").first()
    assert ask(theirs, f"workerIDNumber={somebody.id_number}").status_code == 200
    copies(APICall, theirs.api_call, 3000, code="gen_random_uuid()")
    [pair] = theirs.api_call.credentials.all()
    calls = f"(SELECT min(id) FROM apicalls_apicall WHERE company_id = {other_company.pk})"
    copies(
        Credential,
        pair,
        3000,
        api_call_id=f"{calls} + n",
        client_key="lpad(to_hex(n), 14, '0')",
        secret_digest="sha256(CAST(CAST(n AS text) AS bytea))",
    )
    copies(Caller, theirs.api_call.callers.get(), 3000, api_call_id=f"{calls} + n")
    copies(
        RequestLog,
        RequestLog.objects.get(),
        50_000,
        api_call_id=f"{calls} + n % 3000",
        worker_id=f"{somebody.pk} + n % 3000",
        request_id="md5(CAST(n AS text))",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO apicalls_apicall_parameter_sets (apicall_id, parameterset_id) "
            "SELECT apicall.id, chosen.parameterset_id FROM apicalls_apicall AS apicall, "
            "apicalls_apicall_parameter_sets AS chosen WHERE chosen.apicall_id = %s "
            "AND apicall.company_id = %s ON CONFLICT DO NOTHING",
            [theirs.api_call.pk, other_company.pk],
        )
        cursor.execute("ANALYZE")
        # As for disks without moving parts, and for what is in memory.
        cursor.execute("SET LOCAL random_page_cost = 1.1")
    return list(Worker.objects.for_company(company).exclude(id_number="").order_by("id"))


@pytest.mark.breaks_derived_rows  # they are copied, and thousands: looking takes minutes
def test_large_tables_are_asked_by_index(
    register, company, other_company, add_call, ask, other_secret, admin, client_of, monkeypatch
):
    worker = register[3]
    by_id = f"workerIDNumber={worker.id_number}"
    by_name = (
        f"firstName={worker.first_name}&middleName={worker.middle_name}&lastName={worker.last_name}"
    )
    calls = {
        lookups: add_call(company, lookups=lookups)
        for lookups in [("id_number",), ("full_name",), ("id_number", "full_name")]
    }
    lists = {
        of: add_call(company, of=of, lookups=(), rate_limit=1000)
        for of in ("compliance-roster", "compliance-changes", "expiring-requirements")
    }
    one = calls["id_number",]
    client = client_of(admin)
    position = Position.objects.filter(company=company).first()
    location = Location.objects.filter(company=company, division__isnull=False).first()
    noted = Plans()

    def listed(of, query):
        answer = ask(lists[of], query, path=f"/api/v1/{of}")
        assert answer.status_code == 200
        return answer.json()

    def page(path):
        assert client.get(path).status_code == 200

    ask(one, by_id), page("/account/api/")  # what is new for the first time
    with connection.execute_wrapper(noted):
        assert ask(one, by_id).status_code == 200
        assert ask(calls["full_name",], by_name).status_code == 200
        assert ask(calls["id_number", "full_name"], f"{by_id}&{by_name}").status_code == 200
        assert ask(other_secret(one), by_id).status_code == 401
        for query in (
            *("limit=5", "status=not_compliant&limit=5"),
            *("component=certificate&limit=5", "dueBefore=2030-01-01&limit=5"),
            *(f"position={position.name}&limit=5", f"location={location.name}&limit=5"),
            f"division={location.division.name}&limit=5",
        ):
            listed("compliance-roster", query)
        following = listed("compliance-roster", "limit=5")["next"].partition("?")[2]
        listed("compliance-roster", following)
        changes = listed("compliance-changes", "limit=5")
        listed("compliance-changes", f"since={changes['latest']}&limit=5")
        expiring = listed("expiring-requirements", "withinDays=365&limit=2")
        listed("expiring-requirements", expiring["next"].partition("?")[2])
        code = one.api_call.code
        page("/account/api/")
        page(f"/account/api/{code}/")
        page(f"/account/api/{code}/usage/")
        page("/account/api/usage/")
        page("/workers/")
        page(f"/workers/{worker.pk}/")
        page(f"/workers/{worker.pk}/disclosures/")
        # Of a company that has more than are counted.
        monkeypatch.setattr("workers.selectors.COUNT_LIMIT", 100)
        assert number_in_scope(company=other_company, scope=EVERYBODY) == 101
    assert noted.statements > 60
    assert not noted.faults, "\n".join(noted.faults)


@pytest.mark.breaks_derived_rows
def test_what_has_no_index_is_noticed(register):
    noted = Plans()
    with connection.execute_wrapper(noted):
        assert not Worker.objects.filter(email="nobody@example.com").exists()
        assert not RequestLog.objects.filter(client="none").exists()
    assert noted.faults[0].startswith("reads all of workers_worker:")
    assert "reads all of apicalls_requestlog" in noted.faults[1]
