"""Tickets of other tools, read from their files and written into the ledger as they were. Nothing fires, nothing is
computed anew; the same file again changes nothing.

`lines` -> `servicenow` (rows of a log, by incident) -> `mapping` (tickets and entries) -> `writer` (in chunks, to a
sink) -> `report`; `command` is what the command line calls.
"""
