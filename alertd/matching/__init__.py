"""Which queries match which reports; the naive evaluator is the oracle."""
