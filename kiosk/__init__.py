"""The gate: sees, decides, records, answers."""
