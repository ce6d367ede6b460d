"""The same job done by others, to compare with (bench/README.md)."""
