"""The audit of the clock: what an auditor who trusts no one reads of the steps that the utility reports."""
