"""The five grades (GB/T 39735-2020), and which of them need a follow-up."""

from collections.abc import Mapping
from typing import Final

from hub.cases.reasons import Words

RATING: Final = "rating"
"""The kind of a piece that passes a rating on."""
GRADES: Final[Mapping[int, Words]] = {
    5: Words("非常满意", "very satisfied"),
    4: Words("满意", "satisfied"),
    3: Words("基本满意", "fairly satisfied"),
    2: Words("不满意", "dissatisfied"),
    1: Words("非常不满意", "very dissatisfied"),
}
FOLLOWED_UP: Final = frozenset({1, 2})
"""Bad grades: the customer is called back, and what was wrong is corrected."""
OUTCOMES: Final[Mapping[str, Words]] = {
    "EXPLAINED": Words("已与客户沟通说明", "explained to the customer"),
    "CORRECTED": Words("已整改", "corrected"),
    "NOT_REACHED": Words("多次联系未能联系到客户", "the customer was not reached"),
}
"""How a follow-up ended."""
