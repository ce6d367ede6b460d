"""The Authorization panel of a call: its pair shown, replaced, and changed over to."""
