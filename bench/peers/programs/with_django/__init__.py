"""What Django needs for two of the programs."""
