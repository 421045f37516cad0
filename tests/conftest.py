"""What the tests share: where real faces lie, and what to do where they are missing."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

# A slow machine is no defect: no test has a time limit.
settings.register_profile("gerbang", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gerbang")


def missing(what: str) -> None:
    """A part that a laptop may lack is skipped, and said; in CI it must be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing here")


@pytest.fixture(scope="session", autouse=True)
def _users_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands that keep something in the user's cache keep it here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def photographs() -> Path:
    """The folder with face_recognition's test images, which scripts/setup downloads."""
    folder = ROOT / ".cache" / "faces" / "test_images"
    if not (folder / "obama.jpg").exists():
        missing("the photographs in .cache (run scripts/setup)")
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 KiB of its own, to be filled."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
