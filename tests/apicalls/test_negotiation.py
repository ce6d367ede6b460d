import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PROBLEM_JSON, PROBLEM_XML = "application/problem+json", "application/problem+xml"


@pytest.mark.parametrize(
    "accept",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("*/*", id="anything"),
        pytest.param("application/*", id="any-application"),
        pytest.param(BROWSER, id="browser"),
        pytest.param("image/png, */*;q=0.1", id="anything-at-last"),
        pytest.param("a/b; c*=nope''x, */*", id="unreadable"),
    ],
)
@pytest.mark.parametrize("output_format", ["json", "xml"])
def test_the_output_format_of_the_call_decides(
    ask, add_call, company, worker, output_format, accept
):
    pair = add_call(company, output_format=output_format)
    response = ask(pair, **({} if accept is None else {"accept": accept}))
    assert response.status_code == 200
    assert (
        response["Content-Type"]
        == {
            "json": "application/json",
            "xml": "application/xml; charset=utf-8",
        }[output_format]
    )


@pytest.mark.parametrize(
    ("output_format", "accept", "status"),
    [
        pytest.param("json", "application/json", 200, id="json"),
        pytest.param("json", "application/json; charset=utf-8", 200, id="json-with-a-parameter"),
        pytest.param("json", "application/xml", 406, id="xml-of-a-json-call"),
        pytest.param("json", "text/html", 406, id="html"),
        pytest.param("json", "application/json;q=0", 406, id="anything-but-json"),
        pytest.param("xml", "application/xml", 200, id="xml"),
        pytest.param("xml", "text/xml", 200, id="older-name-of-xml"),
        pytest.param("xml", "application/json", 406, id="json-of-an-xml-call"),
    ],
)
def test_an_accept_header_that_rules_the_format_out_is_not_acceptable(
    ask, add_call, company, worker, output_format, accept, status
):
    response = ask(add_call(company, output_format=output_format), accept=accept)
    assert response.status_code == status
    if status == 406:
        assert response["Content-Type"] == f"application/problem+{output_format}"
        assert b"not_acceptable" in response.content
        assert b"This API call serves application/%s." % output_format.encode() in response.content


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param(None, PROBLEM_JSON, id="none"),
        pytest.param("", PROBLEM_JSON, id="empty"),
        pytest.param("*/*", PROBLEM_JSON, id="anything"),
        pytest.param("application/json", PROBLEM_JSON, id="json"),
        pytest.param("application/problem+json", PROBLEM_JSON, id="problem-json"),
        pytest.param("application/xml", PROBLEM_XML, id="xml"),
        pytest.param("text/xml", PROBLEM_XML, id="older-name-of-xml"),
        pytest.param("application/problem+xml", PROBLEM_XML, id="problem-xml"),
        pytest.param("application/xml;q=0.5, application/json;q=0.4", PROBLEM_XML, id="xml-first"),
        pytest.param(
            "application/xml;q=0.4, application/json;q=0.5", PROBLEM_JSON, id="json-first"
        ),
        pytest.param("image/png", PROBLEM_JSON, id="neither"),
        pytest.param("a/b; c*=nope''x", PROBLEM_JSON, id="unreadable"),
    ],
)
def test_before_the_call_is_known_accept_decides_how_an_error_reads(ask, db, accept, content_type):
    response = ask(None, **({} if accept is None else {"accept": accept}))
    assert response.status_code == 401
    assert response["Content-Type"] == content_type


def test_once_the_call_is_known_accept_decides_nothing(ask, call, xml_call):
    assert ask(call, "x=1", accept="*/*, application/xml")["Content-Type"] == PROBLEM_JSON
    assert ask(xml_call, "x=1", accept="*/*, application/json")["Content-Type"] == PROBLEM_XML


@bounded(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60))
@example("application/json;q=nan")
@example("application/json;q=1e999, */*;q=-1")
@example(";;;,,,=\"'*/")
@example('a/b; c*0*="x"; c*1=y')
@example("*" * 60)
def test_any_accept_header_is_answered(ask, call, worker, accept):
    assert ask(call, accept=accept).status_code in {200, 406}
    assert ask(None, accept=accept).status_code == 401
