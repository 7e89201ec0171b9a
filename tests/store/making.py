"""What the store's tests make digests with."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from alertd.config.settings import Service
from alertd.digest.contents import ContentMaker
from alertd.mail.templates import TemplateSet

SERVICE = Service(name="Report alerts", address="alerts@example.org", owner="owner@example.org")


@lru_cache(maxsize=1)
def content_maker() -> ContentMaker:
    """A maker of contents that are looked at and never rendered."""
    return ContentMaker(
        SERVICE,
        TemplateSet.of({"digest.txt": "-"}),
        titles={"drc": "Reports"},
        key_id="k1",
        give_up=timedelta(days=4),
    )
