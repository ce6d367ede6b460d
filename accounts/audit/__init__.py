"""The audit trail: who did what to what, in a chain that shows what was changed afterwards."""
