"""Outbox claims, retry arithmetic, SMTP sessions, sender."""
