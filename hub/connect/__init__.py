"""What connector authors use: REST and table bases, signing, retries, cursors, look-ups, and a certification kit
(docs/connectors.md)."""
