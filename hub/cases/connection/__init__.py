"""The connection application (用电报装): what may be submitted, its events and tables, and what a person sees."""
