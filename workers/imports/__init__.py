"""Import of workers and of records from CSV and XLSX files.

The way of a file: `reading` makes rows of it, which are staged in the database a batch at a
time; `guessing` proposes what its columns are; `planning` says of each row what would become
of it (created, changed, left alone, or bad and why), which is the preview; `applying` does
what the plan says in one transaction. services/imports.py moves an import from one of these
to the next, `tasks` does so in the background.

This file imports nothing: workbook.py runs a module beside it without Django.
"""
