"""E-licences of property titles from the provincial platform: a list, then one licence for its auth code; declared."""
