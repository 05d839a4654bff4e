"""Projects from the exchange database of project approvals: SPGL_XMJBXXB with the builder from SPGL_XMDWXXB.
Declared: ``connector.toml`` and ``mapping.toml``, with one hook."""
