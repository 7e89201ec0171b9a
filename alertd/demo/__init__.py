"""The sandbox behind make demo: a catalogue, a relay, a story."""
