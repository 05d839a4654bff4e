"""Running the hub: servers, containers, units."""
