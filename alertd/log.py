"""structlog set-up, and the mask that keeps addresses and secrets out of logs."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_ADDRESS = re.compile(r"([^\s<>@\"'(),;:=/]+)@([^\s<>@\"'(),;:/]+)")
_USERINFO = re.compile(r"(\w+://)[^/@\s]+@")


def mask(text: str) -> str:
    """The text with each e-mail address cut to its first letter and domain, and URL credentials removed.

    >>> mask("reader@example.org")
    'r…@example.org'
    """
    return _ADDRESS.sub(lambda found: f"{found[1][:1]}…@{found[2]}", _USERINFO.sub(r"\1", text))


def _mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, BaseException):
        return mask(f"{type(value).__name__}: {value}")
    return value


def set_up(
    *, verbose: bool = False, quiet: bool = False, stream: TextIO | None = None, json: bool | None = None
) -> None:
    """Send all logs, ours and the libraries', to `stream` (stderr): coloured on a terminal, JSON lines elsewhere.

    Args:
        verbose: show debug events too.
        quiet: show errors only, unless `verbose`: a command tells the rest itself.
        stream: where to; stderr when None.
        json: force the form; None asks the stream whether it is a terminal.
    """
    out = stream or sys.stderr
    as_json = not out.isatty() if json is None else json
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_event,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=out.isatty())
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # it warns whenever a part of the work outlasts its tick, which is how slow parts are meant to be skipped
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    usual = logging.ERROR if quiet else logging.INFO
    logging.getLogger("alertd").setLevel(logging.DEBUG if verbose else usual)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get(room: str) -> structlog.stdlib.BoundLogger:
    """The logger of a room; events are short names such as `poll.done`, facts are keywords."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(f"alertd.{room}")
    return logger
