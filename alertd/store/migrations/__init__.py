"""The history of the tables, applied in order when the service starts.

A migration imports no live code: it must do tomorrow what it did on the day it was written.
"""
