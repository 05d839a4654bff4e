"""Business licences from the e-licence gateway: a signed feed of changes, and a look-up by USCC."""

from connectors.business_licence.source import open_source as open  # noqa: A004 - the name that a connector's door has

__all__ = ["open"]
