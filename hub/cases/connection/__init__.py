"""The connection application (用电报装): its command, events, tables, and what a person sees of it."""
