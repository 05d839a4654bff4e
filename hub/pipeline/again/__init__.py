"""Jobs that bring records again: mapped again from what the hub keeps, or read again from their source."""
