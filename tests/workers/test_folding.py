import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.folding import fold, fold_name


@pytest.mark.parametrize(
    ("sent", "folded"),
    [
        pytest.param("00417", "00417", id="leading-zeros-stay"),
        pytest.param("  ab-12 ", "ab-12", id="trimmed"),
        pytest.param("AB-12", "ab-12", id="case"),
        pytest.param("ÉMILE", "émile", id="case-of-accented-letters"),
        pytest.param("Jose\u0301", "jos\u00e9", id="combining-accent"),
        pytest.param("STRASSE", "strasse", id="sharp-s-upper-case"),
        pytest.param("Straße", "strasse", id="sharp-s"),
        pytest.param("Ὀδυσσεύς", "ὀδυσσεύσ", id="final-sigma"),
        pytest.param("Mary \t  Ann", "mary ann", id="runs-of-blanks"),
        pytest.param("Mary\u00a0Ann", "mary ann", id="no-break-space"),
        pytest.param("李小龍", "李小龍", id="no-case"),
        pytest.param("", "", id="empty"),
    ],
)
def test_folded_form(sent, folded):
    assert fold(sent) == folded


def test_accents_count():
    assert fold("José") != fold("Jose")


def test_names_keep_their_borders():
    assert fold_name("Dana", "", "Okafor") == "dana\n\nokafor"
    assert fold_name("Mary Ann", "", "Lee") != fold_name("Mary", "Ann", "Lee")
    assert fold_name("Ann\nB", "", "Lee") == "ann b\n\nlee"


@given(st.text())
def test_folding_is_final_and_blind_to_case_and_form(text):
    folded = fold(text)
    assert fold(folded) == folded
    assert fold(unicodedata.normalize("NFD", text)) == folded
    assert folded == folded.strip()
    assert "\n" not in folded
