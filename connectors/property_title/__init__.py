"""Property titles from the registry's exchange table: a feed by (update_time, rowguid), and look-ups by holder or
unit number. Declared: ``connector.toml`` and ``mapping.toml``, with one hook."""
