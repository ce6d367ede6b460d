"""How large a file may be. Above these, somebody is told to split it; nothing is read on."""

MEGABYTE = 1024 * 1024

FILE_BYTES = 25 * MEGABYTE
ROWS = 200_000
COLUMNS = 100
# Rows times columns of the used area of a sheet: what a reader holds in memory.
CELLS = 5_000_000
# Characters of a cell, and of all cells together.
CELL_LENGTH = 5_000
TEXT_LENGTH = 100_000_000
# Of a CSV file: characters up to the next line break.
LINE_LENGTH = 1_000_000
# Of an XLSX file, which is a zip file: all of its parts together.
UNPACKED_BYTES = 200 * MEGABYTE
PARTS = 1_000
# What reading an XLSX file may take: memory and processor time.
READER_BYTES = 1024 * MEGABYTE
READER_SECONDS = 60
