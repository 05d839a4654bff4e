"""Speed of every stage, beside the bare libraries, in one run: ``make bench``."""
