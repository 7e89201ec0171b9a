"""Alertd.toml and config/*.toml become frozen settings, or a list of every fault."""
