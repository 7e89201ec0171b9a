"""How an error of ours crosses the socket: type, message and attributes, so that both ways end a command alike."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from alertd import errors
from alertd.errors import AlertdError, Fault


def pack_error(error: AlertdError) -> dict[str, Any]:
    """A JSON value that `unpack_error` turns into an equal error."""
    attributes = dict(vars(error))
    faults = attributes.pop("faults", None)
    packed = {
        "type": type(error).__name__,
        "message": str(error),
        "exit_code": error.exit_code,
        "temporary": error.temporary,
        "attributes": {name: value for name, value in attributes.items() if _plain(value)},
    }
    if faults is not None:
        packed["faults"] = [asdict(fault) for fault in faults]
    return packed


def unpack_error(packed: dict[str, Any]) -> AlertdError:
    """The error that the other side raised; one of a type unknown here keeps its message and exit code."""
    kind = getattr(errors, str(packed.get("type")), None)
    if not (isinstance(kind, type) and issubclass(kind, AlertdError)):
        kind = AlertdError
    error = kind.__new__(kind)  # constructors differ; the attributes are what they make
    error.args = (packed["message"],)
    vars(error).update(packed["attributes"])
    for name in ("exit_code", "temporary"):
        if packed[name] != getattr(kind, name):
            setattr(error, name, packed[name])
    if "faults" in packed:
        vars(error)["faults"] = tuple(Fault(**fault) for fault in packed["faults"])
    return error


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
