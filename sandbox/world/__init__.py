"""The people, enterprises, places and documents of the simulated systems, all made from one seed."""
