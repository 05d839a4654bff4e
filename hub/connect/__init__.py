"""For authors of connectors: bases for REST and exchange tables, signing, mapping, look-ups, and a certification kit
(docs/connectors.md)."""
