"""The daemon's own door for the command line."""
