import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workhub.environment import EnvironmentReader, new_environment, new_key

KEY_A = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="  # 32 times "A"
KEY_B = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="
URL_SAFE = "-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_8="
MALFORMED = (
    "K: each entry reads NUMBER:KEY, where KEY is 32 bytes in URL-safe base64; entries are "
    "separated by commas"
)


# --- A secret --------------------------------------------------------------------------


def test_a_secret_is_read_and_trimmed():
    reader = EnvironmentReader({"S": "  $ecret=# \n"})
    assert reader.secret("S") == "$ecret=#"
    assert reader.faults == []


@pytest.mark.parametrize("environ", [{}, {"S": ""}, {"S": "  "}, {"s": "lower case"}])
def test_a_secret_that_is_missing_is_named(environ):
    reader = EnvironmentReader(environ)
    assert reader.secret("S") == ""
    assert reader.faults == ["S is not set"]


def test_a_secret_can_come_from_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("from a file\n")
    reader = EnvironmentReader({"S": "from the environment", "S_FILE": str(path)})
    assert reader.secret("S") == "from a file"
    assert reader.faults == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(None, "S_FILE: cannot read {path}: No such file or directory", id="missing"),
        pytest.param("folder", "S_FILE: cannot read {path}: Is a directory", id="folder"),
        pytest.param(b"\xff\xfe", "S_FILE: cannot read {path}: it is not UTF-8", id="not-utf-8"),
        pytest.param(b"", "S_FILE: {path} is empty", id="empty"),
        pytest.param(b" \n", "S_FILE: {path} is empty", id="blank"),
    ],
)
def test_a_file_without_a_secret_is_named(tmp_path, content, fault):
    path = tmp_path / "secret"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    reader = EnvironmentReader({"S": "not this one", "S_FILE": str(path)})
    assert reader.secret("S") == ""
    assert reader.faults == [fault.format(path=path)]


# --- Numbered keys ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        pytest.param(f"1:{KEY_A}", {1: b"A" * 32}, id="one"),
        pytest.param(f"1:{KEY_A},2:{KEY_B}", {1: b"A" * 32, 2: b"B" * 32}, id="two"),
        pytest.param(f" 10:{KEY_A} , 2:{KEY_B} ,", {10: b"A" * 32, 2: b"B" * 32}, id="blanks"),
        pytest.param(f"32767:{KEY_A}", {32767: b"A" * 32}, id="highest-number"),
        pytest.param(f"3:{URL_SAFE}", {3: b"\xfb\xff\xbf" * 10 + b"\xfb\xff"}, id="url-safe"),
    ],
)
def test_numbered_keys_are_read(value, keys):
    reader = EnvironmentReader({"K": value})
    assert reader.numbered_keys("K") == keys
    assert reader.faults == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(KEY_A, id="no-number"),
        pytest.param(f":{KEY_A}", id="empty-number"),
        pytest.param(f"x:{KEY_A}", id="no-digits"),
        pytest.param(f"-1:{KEY_A}", id="negative"),
        pytest.param(f"1.0:{KEY_A}", id="fraction"),
        pytest.param(f"1_0:{KEY_A}", id="underscore"),
        pytest.param(f"١:{KEY_A}", id="arabic-digit"),
        pytest.param(f"²:{KEY_A}", id="superscript"),
        pytest.param("1:", id="no-key"),
        pytest.param("1", id="only-a-number"),
        pytest.param("1:QUFB", id="short-key"),
        pytest.param(f"1:{KEY_A[:-1]}", id="no-padding"),
        pytest.param(f"1:{KEY_A[:-4]}", id="31-bytes"),
        pytest.param(f"1:{KEY_A}{KEY_A}", id="twice-as-long"),
        pytest.param(f"1:{KEY_A[:20]}*{KEY_A[21:]}", id="not-base64"),
        pytest.param(f"1:{KEY_A[:20]}é{KEY_A[21:]}", id="not-ascii"),
        pytest.param("1:" + "41" * 32, id="hex"),
        pytest.param(f"1:{KEY_A};2:{KEY_B}", id="semicolon"),
        pytest.param(f"1:{KEY_A},2:short", id="second-entry"),
        pytest.param(f"32768:{KEY_A}", id="number-beyond-its-column"),
        pytest.param(f"{'9' * 5000}:{KEY_A}", id="huge-number"),
        pytest.param(",", id="separator-only"),
    ],
)
def test_keys_that_cannot_be_read_say_how_they_read(value):
    reader = EnvironmentReader({"K": value})
    assert reader.numbered_keys("K") == {}
    assert reader.faults == [MALFORMED]
    assert KEY_A not in "".join(reader.faults)


@pytest.mark.parametrize("second", ["1", "01"])
def test_a_number_that_is_there_twice_is_named(second):
    reader = EnvironmentReader({"K": f"1:{KEY_A},{second}:{KEY_B}"})
    assert reader.numbered_keys("K") == {}
    assert reader.faults == ["K: number 1 is there twice"]


def test_missing_keys_are_told_once():
    reader = EnvironmentReader({})
    assert reader.numbered_keys("K") == {}
    assert reader.faults == ["K is not set"]


@given(st.text(max_size=120) | st.from_regex(r"[0-9]{0,6}:[A-Za-z0-9=+/_-]{0,60}", fullmatch=True))
def test_any_value_is_read_without_raising(value):
    reader = EnvironmentReader({"K": value})
    keys = reader.numbered_keys("K")
    assert bool(keys) is not bool(reader.faults)
    assert all(len(key) == 32 for key in keys.values())


# --- Fresh ones ------------------------------------------------------------------------


def test_a_new_key_is_32_bytes_that_can_be_read_again():
    keys = {new_key() for _ in range(20)}
    assert len(keys) == 20
    for key in keys:
        assert len(EnvironmentReader({"K": f"1:{key}"}).numbered_keys("K")[1]) == 32


def test_a_new_environment_has_every_secret():
    lines = dict(line.split("=", 1) for line in new_environment().splitlines())
    reader = EnvironmentReader(lines)
    assert set(lines) == {"SECRET_KEY", "CREDENTIAL_PEPPERS", "CREDENTIAL_KEYS"}
    assert len(reader.secret("SECRET_KEY")) >= 50
    assert reader.numbered_keys("CREDENTIAL_PEPPERS").keys() == {1}
    assert reader.numbered_keys("CREDENTIAL_KEYS").keys() == {1}
    assert reader.faults == []
    assert new_environment() != new_environment()


def test_the_module_prints_a_fresh_environment():
    made = subprocess.run(
        [sys.executable, "-m", "workhub.environment"],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    assert re.fullmatch(
        "SECRET_KEY=.{50,}\nCREDENTIAL_PEPPERS=1:.{44}\nCREDENTIAL_KEYS=1:.{44}\n", made.stdout
    )
