"""Business licences from the e-licence gateway: a signed feed of changes, and a look-up by USCC; all of it declared."""
