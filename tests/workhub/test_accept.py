import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from workhub.accept import preferred_type

OFFERED = ["application/json", "application/xml", "text/xml"]


def _preferred(accept, offered=OFFERED):
    headers = {} if accept is None else {"accept": accept}
    return preferred_type(RequestFactory().get("/", headers=headers), offered)


@pytest.mark.parametrize(
    ("accept", "preferred"),
    [
        pytest.param(None, "application/json", id="no-header"),
        pytest.param("", "application/json", id="empty"),
        pytest.param(" , ,", "application/json", id="separators-only"),
        pytest.param("*/*", "application/json", id="anything"),
        pytest.param("application/*", "application/json", id="any-application"),
        pytest.param("text/*", "text/xml", id="any-text"),
        pytest.param("APPLICATION/XML", "application/xml", id="case"),
        pytest.param("application/xml; charset=utf-8", "application/xml", id="other-parameters"),
        pytest.param("*/*, application/xml", "application/xml", id="more-precise"),
        pytest.param("application/json;q=0.2, */*;q=0.1", "application/json", id="low-quality"),
        pytest.param("application/json;q=0.2, */*", "application/xml", id="precise-but-low"),
        pytest.param("application/json;q=0, */*;q=0.1", "application/xml", id="all-but-json"),
        pytest.param("application/json ; Q = 0.000, */*", "application/xml", id="blanks-about-q"),
        pytest.param("application/json;q=nan", "application/json", id="quality-not-a-number"),
        pytest.param("application/json;q=-1", "application/json", id="negative-quality"),
        pytest.param("application/json;q=1.5, text/xml", "application/json", id="quality-above-1"),
        pytest.param("image/png", None, id="none-of-them"),
        pytest.param("application/json;q=0", None, id="refused"),
        pytest.param("*/*;q=0", None, id="all-refused"),
        pytest.param("json", None, id="no-media-type"),
    ],
)
def test_the_type_that_the_caller_likes_best(accept, preferred):
    assert _preferred(accept) == preferred


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80))
def test_any_header_is_read(accept):
    assert _preferred(accept) in {*OFFERED, None}
