# As the Office quebecois de la langue francaise has it: 26 nov. 2026, 14 h 05.
DATE_FORMAT = "j M Y"
MONTH_DAY_FORMAT = "j M"
TIME_FORMAT = r"G \h i"
DATETIME_FORMAT = r"j M Y, G \h i"
