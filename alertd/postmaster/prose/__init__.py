"""Letters read by what was learned from marked-up examples: which words name subjects, and what each sentence asks."""
