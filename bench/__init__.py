"""How fast the shipped server is, and what it costs: measured, not promised (bench/README.md)."""
