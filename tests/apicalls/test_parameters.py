from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apicalls.parameters import (
    PARAMETER_NAMES,
    parameter_names,
    read_parameters,
    website_address,
)

ID = ("workerIDNumber",)
NAME = ("firstName", "middleName", "lastName")
BOTH = ID + NAME

# --- The Website Address ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("lookups", "address"),
    [
        pytest.param([], "https://workhub.example/api/v1/worker-compliance", id="none"),
        pytest.param(
            ["id_number"],
            "https://workhub.example/api/v1/worker-compliance?workerIDNumber={workerIDNumber}",
            id="id-number",
        ),
        pytest.param(
            ["full_name"],
            "https://workhub.example/api/v1/worker-compliance"
            "?firstName={firstName}&middleName={middleName}&lastName={lastName}",
            id="full-name",
        ),
        pytest.param(
            ["id_number", "full_name"],
            "https://workhub.example/api/v1/worker-compliance?workerIDNumber={workerIDNumber}"
            "&firstName={firstName}&middleName={middleName}&lastName={lastName}",
            id="both",
        ),
    ],
)
def test_the_website_address_has_exactly_the_chosen_parameters(lookups, address):
    names = parameter_names(lookups)
    built = website_address("https://workhub.example", "/api/v1/worker-compliance", names)
    assert built == address


def test_a_site_below_a_path_keeps_it():
    built = website_address("https://example.com/workhub", "/api/v1/worker-compliance", ID)
    assert built == (
        "https://example.com/workhub/api/v1/worker-compliance?workerIDNumber={workerIDNumber}"
    )


# --- What is read ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "value"),
    [
        pytest.param(b"workerIDNumber=10482", "10482", id="as-published"),
        pytest.param(b"WorkerIDNumber=10482", "10482", id="as-the-help-article-writes-it-too"),
        pytest.param(b"workeridnumber=10482", "10482", id="lower-case"),
        pytest.param(b"WORKERIDNUMBER=10482", "10482", id="upper-case"),
        pytest.param(b"worker%49DNumber=10482", "10482", id="escaped-name"),
        pytest.param(b"workerIDNumber=00417", "00417", id="leading-zeros"),
        pytest.param(b"workerIDNumber=+10482+", " 10482 ", id="plus-is-a-blank"),
        pytest.param(b"workerIDNumber=1%2B2", "1+2", id="escaped-plus"),
        pytest.param(b"workerIDNumber=a=b", "a=b", id="equals-sign-in-the-value"),
        pytest.param(b"workerIDNumber=a%26b%3Dc", "a&b=c", id="escaped-separators"),
        pytest.param(b"workerIDNumber=a;b", "a;b", id="semicolon-separates-nothing"),
        pytest.param(b"workerIDNumber=%e6%9d%8e", "李", id="lower-case-escapes"),
        pytest.param("workerIDNumber=李".encode(), "李", id="raw-utf-8"),
        pytest.param(b"workerIDNumber=%F0%9F%91%B7", "👷", id="beyond-16-bits"),
        pytest.param(b"&&workerIDNumber=10482&", "10482", id="empty-parts"),
        pytest.param(b"workerIDNumber=%7B10482", "{10482", id="one-brace"),
        pytest.param(b"workerIDNumber=%25zz", "%zz", id="escaped-percent"),
        pytest.param(b"workerIDNumber=" + b"1" * 200, "1" * 200, id="200-characters"),
    ],
)
def test_a_value_is_read_as_sent(query, value):
    read = read_parameters(query, ID)
    assert read.faults == []
    assert read.values == {"workerIDNumber": value}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(b"firstName=Dana&middleName=&lastName=Okafor", id="empty"),
        pytest.param(b"firstName=Dana&middleName&lastName=Okafor", id="no-equals-sign"),
        pytest.param(b"lastName=Okafor&MIDDLENAME=&firstname=Dana", id="another-order"),
    ],
)
def test_a_middle_name_may_be_empty(query):
    read = read_parameters(query, NAME)
    assert read.faults == []
    assert read.values == {"firstName": "Dana", "middleName": "", "lastName": "Okafor"}


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        pytest.param(b"", "missing_parameter", "workerIDNumber", id="nothing"),
        pytest.param(b"&&", "missing_parameter", "workerIDNumber", id="separators-only"),
        pytest.param(b"workerIDNumber", "invalid_parameter", "workerIDNumber", id="no-value"),
        pytest.param(b"workerIDNumber=", "invalid_parameter", "workerIDNumber", id="empty"),
        pytest.param(b"workerIDNumber=+%20%09", "invalid_parameter", "workerIDNumber", id="tab"),
        pytest.param(b"workerIDNumber=+%20", "invalid_parameter", "workerIDNumber", id="blanks"),
        pytest.param(
            b"workerIDNumber=%C2%A0%E2%80%83", "invalid_parameter", "workerIDNumber", id="spaces"
        ),
        pytest.param(b"workerIDNumber=1%002", "invalid_parameter", "workerIDNumber", id="nul"),
        pytest.param(b"workerIDNumber=1\x00", "invalid_parameter", "workerIDNumber", id="raw-nul"),
        pytest.param(b"workerIDNumber=%0A", "invalid_parameter", "workerIDNumber", id="newline"),
        pytest.param(b"workerIDNumber=%C2%85", "invalid_parameter", "workerIDNumber", id="c1"),
        pytest.param(b"workerIDNumber=%zz", "invalid_parameter", "workerIDNumber", id="%zz"),
        pytest.param(b"workerIDNumber=%", "invalid_parameter", "workerIDNumber", id="%"),
        pytest.param(b"workerIDNumber=100%", "invalid_parameter", "workerIDNumber", id="100%"),
        pytest.param(b"workerIDNumber=%F", "invalid_parameter", "workerIDNumber", id="%F"),
        pytest.param(b"workerIDNumber=%+1", "invalid_parameter", "workerIDNumber", id="%+1"),
        pytest.param(b"workerIDNumber=%FF", "invalid_parameter", "workerIDNumber", id="%FF"),
        pytest.param(b"workerIDNumber=\xff", "invalid_parameter", "workerIDNumber", id="raw-FF"),
        pytest.param(b"workerIDNumber=\xe9", "invalid_parameter", "workerIDNumber", id="latin-1"),
        pytest.param(b"workerIDNumber=%E9", "invalid_parameter", "workerIDNumber", id="%E9"),
        pytest.param(
            b"workerIDNumber=%C0%80", "invalid_parameter", "workerIDNumber", id="overlong"
        ),
        pytest.param(
            b"workerIDNumber=%ED%A0%80", "invalid_parameter", "workerIDNumber", id="surrogate"
        ),
        pytest.param(
            b"workerIDNumber=%F4%90%80%80", "invalid_parameter", "workerIDNumber", id="above-10FFFF"
        ),
        pytest.param(
            b"workerIDNumber=" + b"1" * 201, "invalid_parameter", "workerIDNumber", id="over-long"
        ),
        pytest.param(
            b"workerIDNumber={workerIDNumber}", "invalid_parameter", "workerIDNumber", id="literal"
        ),
        pytest.param(
            b"workerIDNumber={{workerIDNumber}}",
            "invalid_parameter",
            "workerIDNumber",
            id="literal-of-postman",
        ),
        pytest.param(
            b"workerIDNumber=%7BworkerIDNumber%7D",
            "invalid_parameter",
            "workerIDNumber",
            id="escaped-literal",
        ),
        pytest.param(
            b"workerIDNumber=%20%7B%20WorkerIDNumber+%7D+",
            "invalid_parameter",
            "workerIDNumber",
            id="literal-with-blanks",
        ),
        pytest.param(
            b"workerIDNumber=1&workerIDNumber=1",
            "repeated_parameter",
            "workerIDNumber",
            id="repeated",
        ),
        pytest.param(
            b"workerIDNumber=1&WorkerIDNumber=2",
            "repeated_parameter",
            "workerIDNumber",
            id="repeated-in-another-case",
        ),
        pytest.param(
            b"workerIDNumber=1&worker%49DNumber=1",
            "repeated_parameter",
            "workerIDNumber",
            id="repeated-escaped",
        ),
        pytest.param(
            b"workerIDNumber=1&workerIDNumber=",
            "repeated_parameter",
            "workerIDNumber",
            id="repeated-empty",
        ),
        pytest.param(b"workerIDNumber=1&id=1", "unknown_parameter", "id", id="unknown"),
        pytest.param(b"workerIDNumber=1&format=xml", "unknown_parameter", "format", id="format"),
        pytest.param(b"workerIDNumber=1&=1", "unknown_parameter", "", id="no-name"),
        pytest.param(b"workerIDNumber=1&%20=1", "unknown_parameter", " ", id="blank-name"),
        pytest.param(
            b"workerIDNumber=1&workerIDNumber%20=1",
            "unknown_parameter",
            "workerIDNumber ",
            id="blank-behind-the-name",
        ),
        pytest.param(
            b"workerIDNumber=1&workerIDNumber[]=1",
            "unknown_parameter",
            "workerIDNumber[]",
            id="brackets",
        ),
        pytest.param(
            b"workerIDNumber=1&LASTname=O", "unknown_parameter", "LASTname", id="unticked"
        ),
        pytest.param(b"workerIDNumber=1&%FF=1", "invalid_parameter", "%FF", id="name-not-utf-8"),
        pytest.param(b"workerIDNumber=1&%00=1", "invalid_parameter", "%00", id="name-with-nul"),
        pytest.param(b"workerIDNumber=1&\xff=1", "invalid_parameter", "\\xff", id="raw-name"),
        pytest.param(
            b"workerIDNumber=1&" + b"n" * 9000, "unknown_parameter", "n" * 50 + "…", id="huge-name"
        ),
    ],
)
def test_each_fault_has_its_code_and_names_the_parameter(query, code, parameter):
    [fault] = read_parameters(query, ID).faults
    assert (fault.code, fault.parameter) == (code, parameter)
    assert fault.message


def test_a_misspelt_parameter_is_unknown_and_the_right_one_missing():
    faults = read_parameters(b"workerIdNumer=10482", ID).faults
    assert [(fault.code, fault.parameter) for fault in faults] == [
        ("unknown_parameter", "workerIdNumer"),
        ("missing_parameter", "workerIDNumber"),
    ]
    assert "The parameters of this call are: workerIDNumber." in faults[0].message


def test_an_unticked_parameter_is_told_from_one_that_does_not_exist():
    [unticked] = read_parameters(b"workerIDNumber=1&firstName=Dana", ID).faults
    assert unticked.message == (
        "This call does not take firstName: it is not ticked under Parameters. "
        "The parameters of this call are: workerIDNumber."
    )


def test_a_literal_placeholder_is_told_what_it_is():
    [fault] = read_parameters(b"workerIDNumber=%7BworkerIDNumber%7D", ID).faults
    assert fault.message == (
        "workerIDNumber still reads {workerIDNumber}. Put the worker's value in its place."
    )


def test_every_name_of_a_ticked_set_must_be_sent():
    faults = read_parameters(b"firstName=Dana", BOTH).faults
    assert [(fault.code, fault.parameter) for fault in faults] == [
        ("missing_parameter", "workerIDNumber"),
        ("missing_parameter", "middleName"),
        ("missing_parameter", "lastName"),
    ]
    assert faults[1].message == (
        "Send middleName; leave its value empty for a worker who has none."
    )


@pytest.mark.parametrize("name", ["firstName", "lastName"])
def test_the_other_names_may_not_be_empty(name):
    query = b"firstName=Dana&middleName=&lastName=Okafor"
    query = query.replace(name.encode() + b"=", name.encode() + b"=%20&x=")
    faults = read_parameters(query, NAME).faults
    assert ("invalid_parameter", name) in {(fault.code, fault.parameter) for fault in faults}


def test_an_invalid_value_is_not_told_missing_as_well():
    query = b"workerIDNumber=%zz&firstName=Dana&middleName=&lastName=Okafor"
    read = read_parameters(query, BOTH)
    assert [(fault.code, fault.parameter) for fault in read.faults] == [
        ("invalid_parameter", "workerIDNumber")
    ]
    assert "workerIDNumber" not in read.values


def test_a_parameter_sent_a_thousand_times_is_one_fault():
    read = read_parameters(b"&".join([b"workerIDNumber=1"] * 1000), ID)
    assert [fault.code for fault in read.faults] == ["repeated_parameter"]
    assert read.values == {}


def test_thousands_of_unknown_parameters_make_twenty_faults():
    read = read_parameters(b"&".join(b"p%d=1" % number for number in range(5000)), ID)
    assert [fault.parameter for fault in read.faults] == [f"p{number}" for number in range(20)]


@given(
    st.binary(max_size=300)
    | st.lists(
        st.tuples(
            st.sampled_from([*PARAMETER_NAMES, "WORKERIDNUMBER", "x", "%zz"]),
            st.sampled_from(["1", "", "%00", "%FF", "{a}", "é", "%C3%A9", "+"]),
        ),
        max_size=8,
    ).map(lambda parts: "&".join("=".join(part) for part in parts).encode()),
    st.sampled_from([ID, NAME, BOTH]),
)
@example(b"%", ID)
@example(b"\xff=\xff&==&", BOTH)
def test_any_bytes_are_read_and_values_and_faults_agree(query, names):
    read = read_parameters(query, names)
    assert set(read.values) <= set(names)
    faulty = {fault.parameter for fault in read.faults}
    assert not faulty & set(read.values)
    if len(read.faults) < 20:
        assert set(names) <= faulty | set(read.values)
    if not read.faults:
        assert set(read.values) == set(names)
    for fault in read.faults:
        assert len(fault.parameter) <= 51
        assert len(fault.message) < 400
    for name, value in read.values.items():
        assert value.strip() or name == "middleName"
        assert len(value) <= 200
        assert not set(value) & {chr(number) for number in [*range(32), *range(127, 160)]}


@given(st.text(min_size=1, max_size=60).filter(str.strip), st.sampled_from([quote, quote_plus]))
def test_any_readable_text_arrives_as_it_was(value, encode):
    try:
        query = b"workerIDNumber=" + encode(value).encode()
    except UnicodeEncodeError:
        return  # a lone surrogate has no UTF-8 form
    read = read_parameters(query, ID)
    if not read.faults:
        assert read.values == {"workerIDNumber": value}
    else:
        assert [fault.code for fault in read.faults] == ["invalid_parameter"]
