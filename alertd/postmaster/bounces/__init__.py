"""What came back: delivery reports, refusals in prose, complaints; who, why, and what it weighs."""
