"""The policy's tables as data, one file a year, and what is read, compared and asked by them."""
