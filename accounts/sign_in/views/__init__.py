"""The way in, and the pages of a person about how they get in."""
