"""The demonstrations: outside world and hub in one directory. The only part of the sandbox that imports the hub."""
