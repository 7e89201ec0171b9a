"""The daemon's own door for the command line: a small application on a 0600 unix socket, and its client.

Where a daemon runs, it alone writes the store: a command goes through its socket. Where none runs, the same function is
called directly, with the store taken for as long as it lasts.
"""
