"""How much of a thing a run does: all of it, or with SHORT=1 a tenth and less."""

import os

IS_SHORT = bool(os.environ.get("SHORT"))


def so_many(whole, short):
    return short if IS_SHORT else whole


def percentile(values, part):
    """Return the smallest value that `part` of all (0.99: 99 %) are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
