"""What a reader asked for: folding, grammar, tree, canonical form, explanation."""
