"""Open an edition, decide what is due, compose and render."""
