"""A meter reading: a report about an object, without a person, a status or dates of validity."""
