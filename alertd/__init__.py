"""alertd: e-mail alerts and digests for a catalogue of reports."""

__version__ = "0.1.0"
