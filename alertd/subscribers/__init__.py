"""The use cases behind command, CLI and config alike."""
