"""Parse a feed in a process that can be killed (worker.py): feedparser is quadratic on hostile input, threads cannot be stopped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from alertd.catalogue.entry import Parsed, parsed_from_json
from alertd.errors import ParseError

DEADLINE = 30.0
"""Real seconds a parse may take in all."""
MAX_OUTPUT = 64 * 1024 * 1024
# -I: no PYTHON* variables, no user site, no current folder. The package's own folder comes last on the path.
_BOOT = "import sys; sys.path.append(sys.argv[1]); from alertd.catalogue.worker import main; main()"
_PACKAGE_FOLDER = str(Path(__file__).resolve().parents[2])
_TOO_MANY = 3  # worker.TOO_MANY; importing the worker here would load feedparser into the service
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")


async def parse(
    body: bytes, *, url: str, content_type: str = "", language: str = "", deadline: float = DEADLINE
) -> Parsed:
    """Read a feed's entries in a worker process with limits on memory, CPU and wall time.

    Args:
        body: the feed, decoded from its content coding.
        url: where it came from; relative links are resolved against it. Its credentials do not reach the worker's entries.
        content_type: as the server gave it.
        language: Content-Language, or "".
        deadline: real seconds.

    Raises:
        ParseError: no feed at all, or the worker ran into a limit. A feed without entries is no error.
    """
    header = {
        "url": url,
        "content_type": content_type,
        "language": language,
        "size": len(body),
        "parent": os.getpid(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-c",
        _BOOT,
        _PACKAGE_FOLDER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    )
    try:
        async with asyncio.timeout(deadline):
            output, code = await _converse(process, json.dumps(header).encode("ascii") + b"\n" + body)
    except TimeoutError as error:
        raise ParseError(
            f"the feed took more than {deadline:.0f} s to parse; its worker was stopped"
        ) from error
    finally:
        await _end(process)
    if code != 0:
        raise ParseError(_reason(code))
    try:
        parsed = parsed_from_json(json.loads(output))
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError(f"the worker's answer cannot be read ({error})") from error
    if not parsed.entries and not parsed.version:
        raise ParseError("the answer is not a feed: neither RSS, RDF nor Atom, and no entries in it")
    return parsed


async def _converse(process: asyncio.subprocess.Process, request: bytes) -> tuple[bytes, int]:
    """Write the request and read the answer at the same time, up to `MAX_OUTPUT` bytes."""
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:  # pragma: no cover - both are pipes
        raise ParseError("the worker has no pipes")

    async def write() -> None:
        try:
            stdin.write(request)
            await stdin.drain()
            stdin.close()
        except (BrokenPipeError, ConnectionResetError):
            pass  # its exit code tells why it went away

    writing = asyncio.ensure_future(write())
    try:
        chunks, size = [], 0
        while chunk := await stdout.read(1 << 16):
            size += len(chunk)
            if size > MAX_OUTPUT:
                raise ParseError(f"the feed's entries are larger than {MAX_OUTPUT >> 20} MB")
            chunks.append(chunk)
        await writing
    finally:
        writing.cancel()
    return b"".join(chunks), await process.wait()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave no process behind, whatever happened."""
    if process.returncode is None:
        try:
            process.kill()
        except ProcessLookupError:
            return
        await process.wait()


def _reason(code: int) -> str:
    if code == _TOO_MANY:
        return "the feed has more than 20,000 entries"
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return "the feed took too much processor time to parse; its worker was stopped"
    return "the feed could not be parsed within the worker's memory, or its worker failed"
