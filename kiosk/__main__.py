"""The `gerbang` command: parses, and hands on to commands/."""

import io
import logging
import os
import sys
from importlib import import_module

import click

from drivers.errors import DriverError
from kiosk.errors import ConfigError, KioskError

MAX_PIXELS = 100_000_000
_log = logging.getLogger("gerbang")


class Verbs(click.Group):
    """Each verb is in a file of its own in commands/, and read only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the help."""
        return [
            "config",
            "cues",
            "dark",
            "doctor",
            "embed",
            "emulate",
            "enrol",
            "fingers",
            "forget",
            "identify",
            "journal",
            "people",
            "pinout",
            "prepare",
            "run",
            "status",
            "watch",
        ]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb; None for one that we do not have."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = getattr(import_module(f"kiosk.commands.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gerbang")
def cli() -> None:
    """The attendance terminal at the school gate.

    Example: gerbang run --config gerbang.toml
    """


def main() -> None:
    """Run the command; every error is one clear sentence on standard error, and an exit code."""
    # Before OpenCV is loaded: a picture that says it is larger is refused, and not unpacked.
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.INFO, format="%(levelname).1s %(name)s: %(message)s", stream=sys.stderr)
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        # Whoever read our output has gone; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except ConfigError as error:
        print(error, file=sys.stderr)
        code = 2
    except (KioskError, DriverError) as error:
        print(error, file=sys.stderr)
        code = 1
    except Exception as error:  # noqa: BLE001 - no traceback reaches a person
        _log.debug("unexpected", exc_info=error)
        print(f"gerbang stopped on an error of its own: {type(error).__name__}: {error}", file=sys.stderr)
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
