"""What the district keeps: entries as they came, and what it could not read."""

from typing import ClassVar

from django.db import models


class Entry(models.Model):
    """One entry of a kiosk's journal. text: the whole of it, canonical, as it was sent; the columns only find it.

    Two entries of a device may carry one number, where a card was rolled back: neither is dropped.
    """

    id = models.UUIDField(primary_key=True)
    device = models.UUIDField()
    number = models.BigIntegerField()
    wall = models.DateTimeField()
    kind = models.CharField(max_length=40)
    received_at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["device", "number"], name="entry_device_number"),
            models.Index(fields=["kind", "-wall"], name="entry_kind_wall"),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.number} {self.kind}"


class Aside(models.Model):
    """Something that came as an entry and could not be kept as one. text: its JSON; digest: SHA-256 of the text."""

    device = models.UUIDField()
    text = models.TextField()
    digest = models.CharField(max_length=64)
    why = models.TextField()
    received_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["device", "digest"], name="aside_once")]

    def __str__(self) -> str:
        return f"{self.device} {self.why}"
