"""What operators import: notices about working days."""
