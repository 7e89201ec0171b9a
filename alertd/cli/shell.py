"""The program as a whole: global options, and how any ending becomes one clear message and an exit code.

Exit codes: 0 done; 1 failed, or something needs a person; 2 faulty usage, configuration or query; 3 refused; 4 the store is
busy or unavailable; 130 interrupted; 141 nobody reads the output any more.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alertd import __version__
from alertd.cli.verbs import Verbs
from alertd.errors import AlertdError, ConfigError

if TYPE_CHECKING:
    from alertd.config.settings import Settings
    from alertd.store.engines import Store

T = TypeVar("T")
INTERRUPTED = 130
BROKEN_PIPE = 141


@dataclass(frozen=True, slots=True)
class Shell:
    """What the global options say; verbs get it by `@click.pass_obj`.

    Attributes:
        config: path of alertd.toml as given.
        verbose: whether debug events are logged too.
    """

    config: Path
    verbose: bool

    def settings(self) -> Settings:
        """The settings in alertd.toml.

        Raises:
            ConfigError: missing or faulty.
        """
        from alertd.config import load_settings

        return load_settings(self.config)

    def read(self, look: Callable[[Store], Awaitable[T]]) -> T:
        """Look at the store, beside a running daemon or without one; nothing is locked, migrated or written.

        Raises:
            AlertdError: there is no database yet, or what `look` raised.
        """
        import asyncio

        from alertd.store.reading import reading

        url = self.settings().store.url

        async def act() -> T:
            async with reading(url) as store:
                return await look(store)

        return asyncio.run(act())

    def perform(self, name: str, **arguments: Any) -> Any:
        """Do a control command through the running daemon, or here when there is none.

        Raises:
            AlertdError: what the command raised.
        """
        import asyncio

        from alertd import log
        from alertd.clock import clock_from_environment
        from alertd.control.client import perform

        log.set_up(verbose=self.verbose, quiet=True)
        settings = self.settings()
        return asyncio.run(perform(settings, name, arguments, clock=clock_from_environment()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("alertd.toml"),
    metavar="FILE",
    help="The configuration file [default: ./alertd.toml].",
)
@click.option("--verbose", is_flag=True, help="Log debug events too.")
@click.version_option(__version__, prog_name="alertd", message="%(prog)s %(version)s")
@click.pass_context
def alertd(context: click.Context, config: Path, verbose: bool) -> None:
    """E-mail alerts and digests for a catalogue of reports."""
    context.obj = Shell(config=config, verbose=verbose)
    if context.invoked_subcommand:
        _speak_utf8()


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Returns:
        The exit code. Whatever can be foreseen has been told on stderr in one message; a traceback is a fault of ours.
    """
    try:
        _invoke(list(arguments))
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the flush at exit would fail again
        return BROKEN_PIPE
    except AlertdError as error:
        return _told(error)
    except OSError as error:
        click.echo(f"alertd: {describe(error)}{_remedy(error)}", err=True)
        return 1
    except BaseExceptionGroup as group:
        ours, other = group.split(AlertdError)
        if ours is None or other is not None:
            raise
        return max(_told(error) for error in _leaves(ours))
    return 0


def _invoke(arguments: list[str]) -> None:
    if "_ALERTD_COMPLETE" in os.environ:  # a shell asks for completions
        alertd.main(prog_name="alertd")
    with alertd.make_context("alertd", arguments) as context:  # not main(): it has its own view of endings
        alertd.invoke(context)


def describe(error: OSError) -> str:
    """What failed and on which file, in one line."""
    what = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {what}" if error.filename else what


def _remedy(error: OSError) -> str:
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return ". Run this as the user alertd runs as, or make the folder writable for this one"
    return ""


def _told(error: AlertdError) -> int:
    from alertd.cli.output import plain

    if isinstance(error, ConfigError):
        count = len(error.faults)
        click.echo(plain(str(error), lines=True), err=True)
        click.echo(f"alertd: {count} fault{'s' if count > 1 else ''}", err=True)
    else:
        click.echo(f"alertd: {plain(str(error), lines=True)}", err=True)
    return error.exit_code


def _leaves(group: BaseExceptionGroup[AlertdError]) -> list[AlertdError]:
    found: list[AlertdError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _speak_utf8() -> None:
    """Under an old locale a Chinese title is escaped rather than fatal."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
