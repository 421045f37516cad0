"""Whether a gate has this store, and with it all the parts: the parts serve one program at a time."""

from pathlib import Path

from kiosk.config import Config


def lock_path(config: Config) -> Path:
    """What a gate holds locked for as long as it has the store."""
    return config.store_path.with_name(f"{config.store_path.name}.gate")


def is_held(config: Config, root: Path = Path("/")) -> bool:
    """Whether a gate has this store, be its page there or not. Looked up without a lock, which a gate may want now."""
    try:
        inode, held = lock_path(config).stat().st_ino, (root / "proc/locks").read_text()
    except OSError:  # no gate has ever had this store, or the kernel does not tell
        return False
    return any(row[1] == "FLOCK" and row[5].endswith(f":{inode}") for row in map(str.split, held.splitlines()))
