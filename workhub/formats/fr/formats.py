# As French is written in Canada: 26 nov. 2026, 14 h 05. No line breaks within an hour.
DATE_FORMAT = "j N Y"
MONTH_DAY_FORMAT = "j N"
TIME_FORMAT = "G\N{NO-BREAK SPACE}\\h\N{NO-BREAK SPACE}i"
DATETIME_FORMAT = f"{DATE_FORMAT}, {TIME_FORMAT}"
# With seconds, for the request log.
SHORT_DATETIME_FORMAT = f"{DATETIME_FORMAT} \\m\\i\\n s \\s"
