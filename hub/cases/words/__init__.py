"""Words of codes, for people to read: in Chinese and English."""
