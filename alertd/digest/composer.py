"""Compose claimed deliveries: read what their rows point to, in a few statements, and render each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from alertd.digest.render import Order, render_delivery
from alertd.errors import RenderError
from alertd.mail.keys import KeyRing
from alertd.mail.templates import TemplateSet
from alertd.model import DeliveryId, OutgoingMail
from alertd.store import orders
from alertd.store.claims import Claim
from alertd.store.engines import Store


class DeliveryComposer:
    """Turns claimed rows into mails; the same row gives the same bytes for ever.

    Args:
        store: where contents and templates are.
        keys: sign what is personal.
    """

    def __init__(self, store: Store, keys: KeyRing) -> None:
        self._store = store
        self._keys = keys
        self._sets: dict[str, TemplateSet] = {}

    async def compose(self, claims: Sequence[Claim]) -> Mapping[DeliveryId, OutgoingMail | Exception]:
        """A mail for each row, or why there can be none."""
        async with self._store.read() as connection:
            tags = await orders.tags(
                connection, {each.subscriber_id for each in claims if each.subscriber_id}
            )
            contents = await orders.contents(
                connection, {each.digest_id for each in claims if each.digest_id}
            )
            wanted = {row.template_hash for row in contents.values()}
            wanted |= {each.args["template"] for each in claims if "template" in each.args}
            sets = await self._templates(connection, wanted)
        made: dict[DeliveryId, OutgoingMail | Exception] = {}
        for each in claims:
            try:
                made[each.id] = self._render(each, tags, contents, sets)
            except RenderError as error:
                made[each.id] = error
        return made

    async def _templates(self, connection: Any, hashes: Collection[str]) -> dict[str, TemplateSet]:
        missing = [each for each in hashes if each not in self._sets]
        if missing:
            found = await orders.templates(connection, missing)
            if len(self._sets) > 16:  # noqa: PLR2004 - a bound, not a tuning
                self._sets.clear()
                return await self._templates(connection, hashes)
            self._sets |= {hash_: TemplateSet(hash_, source) for hash_, source in found.items()}
        return self._sets

    def _render(
        self,
        each: Claim,
        tags: Mapping[int, str],
        contents: Mapping[int, orders.ContentRow],
        sets: Mapping[str, TemplateSet],
    ) -> OutgoingMail:
        content = contents.get(each.digest_id) if each.digest_id else None
        if each.digest_id and content is None:
            raise RenderError(
                f"Delivery {each.id} carries digest {each.digest_id}, which is not in the store."
            )
        hash_ = content.template_hash if content else str(each.args.get("template", ""))
        if hash_ not in sets:
            raise RenderError(f"Delivery {each.id} needs templates that are not in the store.")
        order = Order(
            delivery_id=each.id,
            kind=each.kind,
            address=each.address,
            tag=tags.get(each.subscriber_id, "") if each.subscriber_id else "",
            language=content.language if content else str(each.args.get("language", "")),
            format=content.format if content else str(each.args.get("format", "html")),
            key_id=each.key_id,
            date_at=each.date_at,
            args=each.args,
            items=content.items if content else None,
            templates=sets[hash_],
        )
        return render_delivery(order, self._keys)
