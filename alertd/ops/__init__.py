"""Health, alarms to the operators, systemd notify, purge."""
