"""When digests go: the next due time in a zone, as pure arithmetic."""
