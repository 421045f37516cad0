"""Goes through the whole gate as a person would: what is well, what is not, and what to do about it."""

from kiosk.doctor.finding import Finding, Result
from kiosk.doctor.round import CHECKS, Patient, Person, examine

__all__ = ["CHECKS", "Finding", "Patient", "Person", "Result", "examine"]
