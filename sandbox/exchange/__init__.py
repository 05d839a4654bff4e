"""The property exchange database 前置库, and what is done to it."""
