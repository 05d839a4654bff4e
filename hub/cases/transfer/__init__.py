"""The joint transfer of a property title and its electricity account (房产+用电联合过户)."""
