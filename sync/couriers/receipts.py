"""Is this text a receipt for that batch? Nothing else makes a kiosk believe that its entries arrived."""

from pydantic import ValidationError

from sync import wire
from sync.errors import Nonsense


def read_receipt(body: bytes, batch: wire.Batch) -> wire.Receipt:
    """The receipt in this body. Raises Nonsense."""
    try:
        receipt = wire.Receipt.model_validate_json(body)
    except ValidationError as error:
        raise Nonsense("the district's answer is not a receipt") from error
    sent = {entry.get("id") for entry in batch.entries if isinstance(entry, dict)}
    if not sent.issuperset(receipt.received):
        raise Nonsense("the district's answer names entries that were not in the batch")
    if any(not 0 <= item.position < len(batch.entries) for item in receipt.aside):
        raise Nonsense("the district's answer names a position that the batch does not have")
    return receipt


def confirmed(batch: wire.Batch, receipt: wire.Receipt) -> int:
    """How many entries from the batch's beginning the destination has, each as received or kept aside."""
    received = set(receipt.received)
    aside = {item.position for item in receipt.aside}
    for position, entry in enumerate(batch.entries):
        if entry["id"] not in received and position not in aside:
            return position
    return len(batch.entries)
