"""Reasons for which a match is lost, and the codes that stand for them in arrays and files."""

from __future__ import annotations

from enum import StrEnum


class LostReason(StrEnum):
    """Reason why a frame is lost."""

    PENDING = "not yet computed"
    FILL = "fill"
    FLAT = "flat"
    OUTSIDE = "outside"
    BORDER = "border"
    AMBIGUOUS = "ambiguous"
    DISAGREEMENT = "disagreement"
    ROUND_TRIP = "round trip"
    OUTLIER = "outlier"
    MIXED = "mixed motion"

    @property
    def sentence(self) -> str:
        """The reason in words, for a tooltip."""
        return _SENTENCES[self]


#: Reason by code: 0 says nothing against a match.
REASONS: tuple[LostReason | None, ...] = (None, *LostReason)
_CODES = {reason: code for code, reason in enumerate(REASONS)}


def reason_code(reason: LostReason | None) -> int:
    """The code (uint8) that stands for a reason in arrays and files."""
    return _CODES[reason]


_SENTENCES = {
    LostReason.PENDING: "Not yet computed.",
    LostReason.FILL: "Too much of the chip is missing here.",
    LostReason.FLAT: "The picture has no texture here.",
    LostReason.OUTSIDE: "The chip has left the frame.",
    LostReason.BORDER: "The best match lies at the edge of the search window, or of what is known there.",
    LostReason.AMBIGUOUS: "Another place matches nearly as well.",
    LostReason.DISAGREEMENT: "The plain and the high-pass filtered picture match in different places.",
    LostReason.ROUND_TRIP: "Matching backwards does not lead back to the start.",
    LostReason.OUTLIER: "The neighbours moved in another way.",
    LostReason.MIXED: "The chip holds more than one motion, and its middle does not say which is its own.",
}
