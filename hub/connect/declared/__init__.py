"""The language of declared sources: ``mapping.toml``, what it is compiled to, and the way from a transport's row to a
``SourceRow``."""
