"""Runs a scene in the Debian that scripts/camera-root made, with nothing of this machine in it but a few mounts."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).parents[3]

# In a mount namespace of its own, so that all of it is gone with the process; and without /sys and /dev/video*, so that
# libcamera finds no camera but the virtual one.
_ENTER: Final = """
set -e
root=$1 repository=$2 data=$3 models=$4 scene=$5
mount --bind -o ro "$repository" "$root/gerbang"
mount --bind -o ro "$models" "$root/models/face_recognition_models"
mount --bind "$data" "$root/data"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
exec chroot "$root" env -i --chdir=/gerbang PATH=/usr/bin PYTHONPATH=/gerbang:/models PYTHONDONTWRITEBYTECODE=1 \
    LIBCAMERA_LOG_LEVELS='*:WARN' python3 -m tests.drivers.picamera_root.scenes "$scene"
"""


def play_in(root: Path, data: Path, models: Path, scene: str) -> dict[str, Any]:
    """What was seen in a scene. data: a folder of its own; models: the package face_recognition_models."""
    arguments = [root, REPOSITORY, data, models, scene]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", _ENTER, "sh", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"the scene {scene} ended with {done.returncode}:\n{done.stderr}"
    return dict(json.loads(done.stdout.splitlines()[-1]))
