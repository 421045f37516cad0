"""What the tests share: where real faces lie, and what to do where they are missing."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def missing(what: str) -> None:
    """A part that a laptop may lack is skipped, and said; in CI it must be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing here")


@pytest.fixture(scope="session")
def photographs() -> Path:
    """The folder with face_recognition's test images, which scripts/setup downloads."""
    folder = ROOT / ".cache" / "faces" / "test_images"
    if not (folder / "obama.jpg").exists():
        missing("the photographs in .cache (run scripts/setup)")
    return folder
