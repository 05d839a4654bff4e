"""The registered sorts of question to a person about a site, and what may be answered. Words: ``hub.cases.reasons``.

No question is a refusal: the application continues, and its clock runs.
"""

from typing import Final

SAME_SITE: Final = "SAME_SITE"
SEVERAL_TITLES_ONE_SITE: Final = "SEVERAL_TITLES_ONE_SITE"
SEVERAL_SITES_ONE_TITLE: Final = "SEVERAL_SITES_ONE_TITLE"
PUBLIC_HOUSING_NO_TITLE: Final = "PUBLIC_HOUSING_NO_TITLE"
CODES: Final = (SAME_SITE, SEVERAL_TITLES_ONE_SITE, SEVERAL_SITES_ONE_TITLE, PUBLIC_HOUSING_NO_TITLE)
YES: Final = "YES"
NO: Final = "NO"
ANSWERS: Final = (YES, NO, "UNKNOWN")
"""Each question can be answered by yes or no; a person who cannot tell says UNKNOWN, and may answer again later."""
