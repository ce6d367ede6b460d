"""The form in which ID#s and names are compared: by callers, imports and constraints alike.

Databases fold differently (SQLite knows ASCII only, PostgreSQL depends on its locale), so
the folded form is stored in a column of its own and compared for equality.
"""

import unicodedata


def fold(text: str) -> str:
    """Return `text` in Unicode NFC, case-folded, trimmed, each run of blanks as one space.

    Accents count: "José" and "Jose" stay two names. Leading zeros stay. The double
    normalization is Unicode's canonical caseless matching (Unicode Standard, D145).
    """
    folded = unicodedata.normalize("NFD", text).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def fold_name(first_name: str, middle_name: str, last_name: str) -> str:
    """Return the three folded names on a line each.

    A line break cannot stand in a folded name, so "Mary Ann, -, Lee" and
    "Mary, Ann, Lee" stay two people.
    """
    return "\n".join(fold(name) for name in (first_name, middle_name, last_name))
