"""The identity service, which checks people and gives tickets, and the look-up of resident IDs, which wants one."""
