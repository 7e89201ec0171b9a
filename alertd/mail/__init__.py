"""Building mail: templates, headers, MIME bytes, tokens."""
