"""The district in this process, called through Django's test client."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sync import wire
from tests.sync.journals import DEVICE


class InProcess:
    """A district that was set up. database: its file, to see what really lies in it."""

    def __init__(self, database: Path) -> None:
        from django.test import Client

        self.database = database
        self.client = Client(headers={"host": "localhost"}, raise_request_exception=False)

    def post(self, body: Any) -> Any:
        """The answer to this body, which is sent as it is if it is bytes, else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self.client.post(wire.ENTRIES_PATH, data, content_type=wire.JSON_TYPE)

    def hand_over(self, batch: wire.Batch) -> wire.Receipt:
        """The receipt for a batch."""
        answer = self.post(batch.model_dump())
        assert answer.status_code == 200, answer.content
        return wire.Receipt.model_validate_json(answer.content)

    def entries(self, device: str = DEVICE, limit: int = wire.MAX_BATCH) -> list[dict[str, Any]]:
        """All entries of a device, page by page."""
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            answer = self.client.get(f"{wire.ENTRIES_PATH}?device={device}&after={after}&limit={limit}")
            page = json.loads(answer.content)
            found += page["entries"]
            after = page["next"]
        return found

    def asides(self) -> list[tuple[Any, str]]:
        """What was put aside, and why."""
        with closing(sqlite3.connect(self.database)) as db:
            rows = db.execute("SELECT text, why FROM district_aside ORDER BY id").fetchall()
        return [(json.loads(text), why) for text, why in rows]
