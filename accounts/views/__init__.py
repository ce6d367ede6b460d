"""The Account pages Company, People and Activity, and the start page."""
