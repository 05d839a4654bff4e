"""Who may call the API: bearer tokens and their scopes."""
