import pytest

from bench.figures import alternated, percentile, ratios, spread, welch_t

# R's data set "sleep" (Student, 1908): hours of sleep gained with each of two drugs. R's
# t.test(extra ~ group, data = sleep) prints "Welch Two Sample t-test, t = -1.8608".
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_welch_t_is_that_of_a_published_example():
    assert welch_t(FIRST, SECOND) == pytest.approx(1.8608, abs=0.00005)
    assert welch_t(SECOND, FIRST) == pytest.approx(1.8608, abs=0.00005)


def test_samples_without_any_variance_differ_for_sure_or_not_at_all():
    assert welch_t([1, 1], [1, 1]) == 0.0
    assert welch_t([1, 1], [2, 2]) == float("inf")


def test_sides_are_measured_in_turns():
    asked = []
    sides = (lambda: asked.append("A") or 1.0), (lambda: asked.append("B") or 2.0)
    assert alternated(3, *sides) == ([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])
    assert asked == ["A", "B", "A", "B", "A", "B"]


def test_a_ratio_is_of_neighbours_and_comes_with_its_spread():
    found = ratios([10, 30, 90], [20, 30, 30])
    assert found == (1.0, 0.5, 3.0)
    assert str(found) == "1.00 (0.50 to 3.00)"


def test_a_spread_shows_the_median_first():
    assert spread([5, 1, 3, 4, 2]).shown("{:.0f}") == "3 (1 to 5)"


@pytest.mark.parametrize(("percent", "value"), [(50, 20), (75, 30), (76, 40), (100, 40), (0, 10)])
def test_a_percentile_is_one_of_the_values(percent, value):
    assert percentile([40, 10, 30, 20], percent) == value
