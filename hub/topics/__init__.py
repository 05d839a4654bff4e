"""The topics as data: what is declared, what each carries, their headers, subjects and access rules."""
