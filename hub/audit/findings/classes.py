"""The classes of what an auditor can find: the five of the regulator's special supervision (July 2020, 717 problems),
and one for what is asked for beyond the policy's list."""

from enum import StrEnum
from typing import Final, NamedTuple


class Class(StrEnum):
    """The class of a finding, in the order of the report."""

    OVER_LIMIT = "OVER_LIMIT"
    OFF_SYSTEM = "OFF_SYSTEM"
    RESTARTED = "RESTARTED"
    TIMES_CHANGED = "TIMES_CHANGED"
    STATISTICS = "STATISTICS"
    BEYOND_LIST = "BEYOND_LIST"
    """Not one of the regulator's five: 津工信电力〔2021〕8号 §5 and §9."""

    @property
    def zh(self) -> str:
        """As the regulator names it."""
        return _CLASS_WORDS[self]


_CLASS_WORDS: Final = {
    Class.OVER_LIMIT: "超时限",
    Class.OFF_SYSTEM: "体外循环",
    Class.RESTARTED: "重复或延迟启动流程",
    Class.TIMES_CHANGED: "填写或更改时间记录",
    Class.STATISTICS: "统计不实",
    Class.BEYOND_LIST: "超出清单",
}
CLASSES: Final = tuple(Class)


class Code(NamedTuple):
    """What a code means. ``clause``: of 津工信电力〔2021〕8号, where it says so."""

    of: Class
    zh: str
    en: str
    clause: str = ""
