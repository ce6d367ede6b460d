# As French is written in Canada: 26 nov. 2026, 14 h 05.
DATE_FORMAT = "j N Y"
MONTH_DAY_FORMAT = "j N"
TIME_FORMAT = r"G \h i"
DATETIME_FORMAT = r"j N Y, G \h i"
# With seconds, for the request log.
SHORT_DATETIME_FORMAT = r"j N Y, G \h i \m\i\n s \s"
