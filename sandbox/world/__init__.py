"""The people, enterprises, places and papers behind the stand-ins: all of it from one seed."""
