"""Fetch, parse, read fields, decide what is new, poll."""
