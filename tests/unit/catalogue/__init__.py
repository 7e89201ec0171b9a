"""Feeds: fetching, parsing, reading fields, deciding."""
