"""The shapes of findings about an application's site, for the OpenAPI document."""

from pydantic import BaseModel

from hub.web.api.shapes.answers import Moment, Opaque, PlaceFound, Text


class Side(BaseModel):
    """One of both sides; null where it is missing, does not open, or the purpose does not allow it."""

    unit_no: str | None = Text("120104001001GB00001F00010001")
    address: str | None = Text("天津市南开区长江道12号3号楼2门501室")


class PlaceAnswer(BaseModel):
    """One answer and who gave it; null where that does not open."""

    answer: str = Text("YES", "YES, NO or UNKNOWN.")
    answered_at: Moment
    person: str | None = Text("李明", "Who answered.")
    note: str | None = Text("已到现场核对")


class PlaceAsked(PlaceFound):
    """A finding with both texts side by side, and who answered."""

    site: Side
    title: Side
    person: str | None = Text("李明", "Who answered last.")
    note: str | None = Text("已到现场核对")
    answers: list[PlaceAnswer]


class PlacesShown(BaseModel):
    """The findings about the site of one application."""

    application_id: Opaque
    items: list[PlaceAsked]
