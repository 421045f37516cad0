"""gerbang status: how the gate is."""

import json
import shutil
from datetime import datetime
from typing import Any

import click
import requests
from rich.console import Console

from kiosk import clock
from kiosk.commands.options import ask, config_option, entry_time, json_option, table
from kiosk.config import Config
from kiosk.store import Store, open_store


@click.command(short_help="How the gate is.")
@json_option
@config_option
def status(as_json: bool, config: Config) -> None:
    """Tell how the gate is: whether it runs, who is enrolled, what is recorded and not sent yet.

    Example: gerbang status --json
    """
    with open_store(config.store_path, create=False) as store:
        facts = _facts(store, config)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    Console().print(table(("", ""), ((key.replace("_", " "), _word(value)) for key, value in facts.items())))


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, []) else str(value)


def _facts(store: Store, config: Config) -> dict[str, Any]:
    everybody = store.people.all()
    midnight = datetime.now(config.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    today = list(store.journal.since(midnight, "attendance"))
    newest = store.journal.after(store.journal.last_number() - 1, 1)
    gate = gate_state(config)
    return {
        "school": config.site.name,
        "device": store.device,
        "gate_runs": gate is not None,
        "faults": gate["faults"] if gate else None,
        "clock": clock.trust(),
        "people": len(everybody),
        "known_by_face": sum(person.faces > 0 for person in everybody),
        "known_by_finger": sum(bool(person.pages) for person in everybody),
        "present_today": len({entry.payload.get("person") for entry in today}),
        "entries": store.journal.last_number(),
        "newest": entry_time(newest[0], config) if newest else None,
        "not_sent": store.journal.last_number() - store.cursors.get("district") if config.district.url else None,
        "free_mb": shutil.disk_usage(config.store_path.parent).free // 1_000_000,
    }


def gate_state(config: Config) -> dict[str, Any] | None:
    """What the running gate says of itself; None where none answers."""
    try:
        state = ask(config.screen.listen, "/state").json()
    except (requests.RequestException, ValueError):
        return None
    return state if isinstance(state, dict) and "faults" in state else None
