"""One-certificate hub: verified government records for electricity connection applications."""

__version__ = "0.1.0"
