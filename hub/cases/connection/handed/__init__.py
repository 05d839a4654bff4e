"""A title that changes hands after electricity is on at its unit, while nobody declares the transfer of the account."""
