"""The findings of agreement and the changes after delivery, for ``hub audit evidence``."""
