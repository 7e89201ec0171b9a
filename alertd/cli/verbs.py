"""The verbs by name, each imported only when it is called (or when the help of all is shown)."""

from __future__ import annotations

from importlib import import_module

import click

_VERBS = {
    "check": "alertd.cli.check:check",
    "classify": "alertd.cli.classify:classify",
    "demo": "alertd.cli.demo:demo",
    "explain": "alertd.cli.explain:explain",
    "inbox": "alertd.cli.inbox:inbox",
    "init": "alertd.cli.init:init",
    "key": "alertd.cli.key:key",
    "outbox": "alertd.cli.outbox:outbox",
    "poll": "alertd.cli.poll:poll",
    "preview": "alertd.cli.preview:preview",
    "receive": "alertd.cli.receive:receive",
    "release": "alertd.cli.release:release",
    "reload": "alertd.cli.reload:reload",
    "run": "alertd.cli.run:run",
    "status": "alertd.cli.status:status",
    "subscriber": "alertd.cli.subscriber:subscriber",
    "test-mail": "alertd.cli.test_mail:test_mail",
    "try": "alertd.cli.try_queries:try_queries",
}
"""Name as typed: module and function. A new verb is a new file and a line here."""


class Verbs(click.Group):
    """The group that knows its verbs without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb, in alphabetical order."""
        del ctx
        return sorted(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb; None when there is none of that name."""
        del ctx
        if cmd_name not in _VERBS:
            return None
        module, _, function = _VERBS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest verb named when there is none of that name."""
        if args and not args[0].startswith("-") and args[0] not in _VERBS:
            import difflib

            near = difflib.get_close_matches(args[0], _VERBS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " See alertd --help."
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)
