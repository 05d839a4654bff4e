"""The steps of a connection application that the utility reports: its numbers, its history, its dates."""
