# The day before the month, which nobody takes for the other way round when it is a word.
DATE_FORMAT = "j M Y"
MONTH_DAY_FORMAT = "j M"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
# With seconds, for the request log.
SHORT_DATETIME_FORMAT = "j M Y, H:i:s"
