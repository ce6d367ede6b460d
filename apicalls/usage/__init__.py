"""Who uses an API call: requests by day, callers, and the last requests."""
