"""Steps of connection cases from the step table of the utility's data layer. Declared; a hook reads its nulls."""
