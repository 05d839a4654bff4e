"""How the commands show things to people."""
