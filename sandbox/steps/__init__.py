"""The steps of connection cases as the utility's systems report them: sent, listed, or in a table."""
