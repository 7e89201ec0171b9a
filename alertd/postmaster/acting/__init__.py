"""Do what was decided about a mail, in one transaction, and answer with one mail at most."""
