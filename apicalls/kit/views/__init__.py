"""The pages of an API call's kit: what to use it from, a test, and what is wrong with a header."""
