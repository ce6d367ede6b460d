import json
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workhub.rendering import to_json, to_xml

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
ROOT = '<r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


@pytest.mark.parametrize(
    ("value", "in_json", "in_xml"),
    [
        pytest.param(None, "null", '<v xsi:nil="true"/>', id="null"),
        pytest.param("", '""', "<v/>", id="empty-text"),
        pytest.param("a", '"a"', "<v>a</v>", id="text"),
        pytest.param(" a ", '" a "', "<v> a </v>", id="blanks-stay"),
        pytest.param("<&>\"'", '"<&>\\"\'"', "<v>&lt;&amp;&gt;\"'</v>", id="mark-up"),
        pytest.param("]]>", '"]]>"', "<v>]]&gt;</v>", id="end-of-cdata"),
        pytest.param("a\r\nb\tc", '"a\\r\\nb\\tc"', "<v>a&#13;\nb\tc</v>", id="line-breaks"),
        pytest.param("李👷é", '"李👷é"', "<v>李👷é</v>", id="not-ascii"),
        pytest.param(True, "true", "<v>true</v>", id="true"),
        pytest.param(False, "false", "<v>false</v>", id="false"),
        pytest.param(0, "0", "<v>0</v>", id="zero"),
        pytest.param(1, "1", "<v>1</v>", id="one"),
        pytest.param(-20, "-20", "<v>-20</v>", id="negative"),
        pytest.param(date(2026, 3, 2), '"2026-03-02"', "<v>2026-03-02</v>", id="date"),
        pytest.param(date(1, 1, 1), '"0001-01-01"', "<v>0001-01-01</v>", id="first-day"),
        pytest.param(date(9999, 12, 31), '"9999-12-31"', "<v>9999-12-31</v>", id="last-day"),
        pytest.param({}, "{}", "<v/>", id="empty-members"),
        pytest.param(
            {"b": 1, "a": None},
            '{"b":1,"a":null}',
            '<v><b>1</b><a xsi:nil="true"/></v>',
            id="members-in-order",
        ),
        pytest.param([], "[]", "<v/>", id="empty-list"),
        pytest.param((1, 2), "[1,2]", "<v><i>1</i><i>2</i></v>", id="tuple"),
        pytest.param(
            [None, "", {"a": True}],
            '[null,"",{"a":true}]',
            '<v><i xsi:nil="true"/><i/><i><a>true</a></i></v>',
            id="list",
        ),
    ],
)
def test_one_value_in_both_formats(value, in_json, in_xml):
    tree = {"v": value}
    assert to_json(tree).decode() == f'{{"v":{in_json}}}'
    assert to_xml(tree, root="r", singulars={"v": "i"}).decode() == (
        f"{DECLARATION}{ROOT}>{in_xml}</r>"
    )


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("\x00", id="nul"),
        pytest.param("\x0b", id="vertical-tab"),
        pytest.param("\x1f", id="unit-separator"),
        pytest.param("\ud800", id="lone-surrogate"),
        pytest.param("\ufffe", id="not-a-character"),
        pytest.param("\uffff", id="nor-this"),
    ],
)
def test_what_xml_cannot_carry_is_replaced_in_both_formats(character):
    tree = {"v": f"a{character}b", "l": [character]}
    assert to_json(tree).decode() == '{"v":"a\ufffdb","l":["\ufffd"]}'
    assert to_xml(tree, root="r", singulars={"l": "i"}).decode() == (
        f"{DECLARATION}{ROOT}><v>a\ufffdb</v><l><i>\ufffd</i></l></r>"
    )


def test_a_namespace_becomes_the_default_one():
    tree = {"a": "x", "l": [{"b": "y"}]}
    assert to_xml(tree, root="r", singulars={"l": "i"}, namespace="urn:x").decode() == (
        f'{DECLARATION}<r xmlns="urn:x"><a>x</a><l><i><b>y</b></i></l></r>'
    )


def test_indented_for_people():
    tree = {"a": None, "l": ["x"]}
    assert to_json(tree, indent=True).decode() == ('{\n  "a": null,\n  "l": [\n    "x"\n  ]\n}')
    assert to_xml(tree, root="r", singulars={"l": "i"}, indent=True).decode() == (
        f'{DECLARATION}{ROOT}>\n  <a xsi:nil="true"/>\n  <l>\n    <i>x</i>\n  </l>\n</r>'
    )


# --- Any tree --------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT | st.dates()
# A member's name ends in its shape, so that the reader below needs nothing but the XML.
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=15,
)


def _named(value):
    """Return the value with names that tell the shape: list_x, map_x, text_x, …"""
    if isinstance(value, dict):
        return {f"{_shape(one)}_{name}": _named(one) for name, one in value.items()}
    if isinstance(value, list):
        return [{_shape(one): _named(one)} for one in value]
    return value


def _shape(value):
    shapes = {bool: "bool", int: "int", str: "text", date: "date", list: "list", dict: "map"}
    return shapes.get(type(value), "nil")


def _read(element):
    """The XML as a tree again: by the names only, with Python's own parser."""
    shape = element.tag.partition("_")[0]
    text = element.text or ""
    if element.get(NIL) == "true":
        assert text == ""
        assert len(element) == 0
        return None
    if shape == "list":
        return [{one.tag: _read(one) for one in child} for child in element]
    if shape == "map":
        return {child.tag: _read(child) for child in element}
    assert len(element) == 0
    if shape == "bool":
        return {"true": True, "false": False}[text]
    return int(text) if shape == "int" else text


@given(st.dictionaries(st.sampled_from("abc"), TREES, max_size=4))
def test_both_formats_carry_the_same_facts_in_the_same_order(tree):
    tree = _named(tree)
    singulars = {f"list_{name}": "item" for name in "abc"} | {"list": "item"}
    from_json = json.loads(to_json(tree))
    from_xml = _read(ET.fromstring(to_xml(tree, root="map", singulars=singulars)))
    assert from_xml == from_json
    assert json.dumps(from_xml) == json.dumps(from_json)
