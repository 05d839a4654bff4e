"""A title that changes hands after electricity is on at its unit, while no transfer of the account is declared."""
