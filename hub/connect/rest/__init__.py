"""REST services: bounded calls, the meaning of their failures, signatures on calls and on pages."""
