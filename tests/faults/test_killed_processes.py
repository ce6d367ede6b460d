"""A process that answers is killed, again and again: who was answered is in the request log.

Programs keep a journal of what they asked and what they were told. When all is quiet the request
log is held against it: nothing that was told is missing, and nothing is there that nobody asked.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from apicalls.demo import GATE_CODE
from tests.faults.pages import Visitor, by_call, by_caller, by_outcome
from tests.faults.programs import AGENTS, Attempt, Program
from tests.shipped.calls import all_with, pairs_of
from tests.shipped.server import database_of_its_own, shipped_server
from tests.shipped.test_processes import children, wait_until

pytestmark = pytest.mark.faults

KILLS = 50
PROGRAMS = 5
# What the programs are told between two kills, so that each hits one that is at work: a process
# needs seconds until it answers.
ANSWERS = 20
# Granian takes a process that ends within 5.5 s of its start for broken, and gives up. The two
# are killed in turns, so that each lives for two of these.
PAUSE = 2.8  # seconds
# Requests a minute: with the demo's 600, most would be told just that.
RATE_LIMIT = 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with database_of_its_own() as url:
        more = {"DATABASE_URL": url} if url else {}
        var = tmp_path_factory.mktemp("killed") / "var"
        with shipped_server(var, WEB_CONCURRENCY="2", **more) as server:
            yield server


def answering(server):
    """Return the ids of the processes that answer: not of their parent, which starts others."""
    port = server.url.rpartition(":")[2]
    serving = {
        pid for pid, command in children(os.getpid()).items() if f"--port {port} " in command
    }
    return {child for pid in serving for child in children(pid)} & serving


def kill_in_turns(server, programs):
    """Kill -9 one of the two that answer, KILLS times, each time the older one."""
    chance = random.Random(KILLS)
    older, other = sorted(answering(server))
    for _ in range(KILLS):
        answers = sum(program.answers for program in programs) + ANSWERS
        wait_until(lambda enough=answers: sum(one.answers for one in programs) >= enough, 60)
        time.sleep(chance.uniform(0, 0.1))
        os.kill(older, signal.SIGKILL)
        [new] = wait_until(lambda known=(older, other): answering(server).difference(known))
        older, other = other, new
        time.sleep(PAUSE)


_READ = """
import json
from apicalls.models import RefusedRequests, RequestLog
print(json.dumps({
    "rows": list(RequestLog.objects.values_list(
        "request_id", "status", "code", "size", "api_call__name", "client")),
    "folded": list(RefusedRequests.objects.values_list("api_call__name", "status", "times")),
}))
"""


@dataclass
class Row:
    """A row of the request log."""

    request_id: str
    status: int
    code: str
    size: int
    call: str
    agent: str

    def __str__(self):
        return f"{self.request_id}: {self.status} {self.code!r} {self.size} B, {self.agent}"

    def is_of(self, attempt):
        """Tell whether it says what was asked and told, as far as that arrived."""
        of_whom = (self.call, self.agent) == (attempt.kind.call, attempt.agent)
        return of_whom and self.status == attempt.status and attempt.code in (self.code, None)


@dataclass
class Outcome:
    """What is there when all is quiet."""

    journal: list[Attempt]
    rows: list[Row]
    # Of each minute and problem: call (None: none was meant), status, times.
    folded: list
    visitor: Visitor

    def answered(self, *, right):
        return [one for one in self._asked(right) if one.status]

    def unanswered(self, *, right):
        return [one for one in self._asked(right) if not one.status]

    def _asked(self, right):
        return [one for one in self.journal if one.kind.has_right_pair == right]

    @property
    def rows_untold(self):
        """The rows of requests whose answer did not arrive."""
        told = {one.request_id for one in self.answered(right=True)}
        return [row for row in self.rows if row.request_id not in told]

    @property
    def times_folded(self):
        return sum(times for _call, _status, times in self.folded)


@pytest.fixture(scope="module")
def outcome(server, figures):
    by_document = pairs_of(server)
    pairs = {
        "Gate": by_document["worker-compliance"],
        "HR roster": by_document["compliance-roster"],
        "Data warehouse": by_document["compliance-changes"],
    }
    programs = [Program(number, server.url, pairs) for number in range(PROGRAMS)]
    began = time.monotonic()
    with all_with(server, "rate_limit", RATE_LIMIT):
        for program in programs:
            program.start()
        try:
            kill_in_turns(server, programs)
        finally:
            for program in programs:
                program.end()
    seconds = time.monotonic() - began
    read = json.loads(server.manage("shell", "-v0", "-c", _READ).splitlines()[-1])
    outcome = Outcome(
        journal=[attempt for program in programs for attempt in program.journal],
        rows=[Row(*values) for values in read["rows"]],
        folded=read["folded"],
        visitor=Visitor(server),
    )
    statuses = Counter(one.status for one in outcome.journal if one.status)
    figures |= {
        "database": "PostgreSQL" if os.environ["DATABASE_URL"].startswith("postgres") else "SQLite",
        "processes killed": KILLS,
        "seconds": round(seconds),
        "requests sent": len(outcome.journal),
        "  not answered, or not to the end": sum(one.code is None for one in outcome.journal),
        **{f"  answered {status}": number for status, number in sorted(statuses.items())},
        "rows in the request log": len(outcome.rows),
        "  whose answer did not arrive": len(outcome.rows_untold),
        "refusals folded": outcome.times_folded,
    }
    return outcome


def told(lines):
    """Say how many there are and what the first are, for the message of a failure."""
    lines = list(lines)
    return "\n".join([f"{len(lines)}:", *map(str, lines[:20])])


def test_the_kills_hit_requests(outcome):
    """Without this, all that follows would hold of a server that nobody disturbs."""
    assert sum(one.code is None for one in outcome.journal) >= KILLS / 2


def test_each_answer_has_its_row(outcome):
    rows = {row.request_id: row for row in outcome.rows}
    answered = outcome.answered(right=True)
    lost = [one for one in answered if one.request_id not in rows]
    assert not lost, f"Answered, and not in the request log: {told(lost)}"
    other = [one for one in answered if not rows[one.request_id].is_of(one)]
    assert not other, "Logged as something else: " + told(
        f"{one} -- logged as {rows[one.request_id]}" for one in other
    )


def test_no_answer_has_two_rows(outcome):
    twice = [
        key for key, times in Counter(row.request_id for row in outcome.rows).items() if times > 1
    ]
    assert not twice, told(twice)


def test_each_other_row_is_of_a_request_that_got_no_answer(outcome):
    there = Counter((row.call, row.agent) for row in outcome.rows_untold)
    asked = Counter((one.kind.call, one.agent) for one in outcome.unanswered(right=True))
    assert there <= asked, f"Rows that nobody asked for: {there - asked}"


def test_each_refusal_without_a_pair_is_counted(outcome):
    def means(attempt):
        return attempt.kind.call if attempt.kind.pair == "wrong" else None

    there = Counter()
    for call, status, times in outcome.folded:
        there[call, status] += times
    answered = Counter((means(one), one.status) for one in outcome.answered(right=False))
    assert answered <= there, f"Refused, and not counted: {answered - there}"
    # One that got no answer can have been refused in either way.
    more = Counter(call for call, _status in (there - answered).elements())
    asked = Counter(means(one) for one in outcome.unanswered(right=False))
    assert more <= asked, f"Counted, though nobody asked: {more - asked}"


def test_a_stream_that_broke_off_is_not_logged_as_told(outcome):
    rows = {row.request_id: row for row in outcome.rows}
    streams = [one for one in outcome.answered(right=True) if "stream" in one.kind.path]
    whole = [one for one in streams if one.code is not None]
    assert whole
    wrong = [one for one in whole if rows[one.request_id].size != one.size]
    assert not wrong, f"Read to the end, and of another size in the log: {told(wrong)}"
    # Of one that was killed with the end on its way, the log cannot know that it did not arrive.
    sizes = {one.size for one in whole}
    broken = [rows[one.request_id] for one in streams if one.code is None]
    wrong = [row for row in broken if row.code != "interrupted" and row.size not in sizes]
    assert not wrong, f"Broken off, and logged as told: {told(wrong)}"


# --- The pages -------------------------------------------------------------------------------


def recount(outcome, *, call=None):
    """Count answered, refused and failed from what programs were told and what they were not.

    Of the folded ones only their number is known where an answer did not arrive.
    """
    statuses = [(one.kind.call, one.status, 1) for one in outcome.answered(right=True)] + [
        (row.call, row.status, 1) for row in outcome.rows_untold
    ]
    statuses += [one for one in outcome.folded if one[0] is not None]
    counted = Counter()
    for of_call, status, times in statuses:
        if call in (None, of_call):
            counted[min(max(status // 100, 3), 5)] += times
    return counted[3], counted[4], counted[5]


def test_the_page_of_all_calls_shows_what_was_asked(outcome):
    page = outcome.visitor.page("/account/api/usage/")
    assert by_outcome(page) == recount(outcome)
    shown = by_call(page)
    assert len(shown) == 4
    assert shown == {call: recount(outcome, call=call) for call in shown}


def test_the_page_of_a_call_shows_what_was_asked_and_by_whom(outcome):
    page = outcome.visitor.page(f"/account/api/{GATE_CODE}/usage/")
    assert by_outcome(page) == recount(outcome, call="Gate")
    asked = [
        (one.agent, one.status) for one in outcome.answered(right=True) if one.kind.call == "Gate"
    ] + [(row.agent, row.status) for row in outcome.rows_untold if row.call == "Gate"]
    requests = Counter(agent for agent, _status in asked)
    refused = Counter(agent for agent, status in asked if status >= 400)
    assert by_caller(page) == {
        agent.partition("/")[0]: (requests[agent], refused[agent]) for agent in AGENTS
    }
