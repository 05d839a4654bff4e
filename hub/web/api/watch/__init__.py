"""What is watched of an installation: health and metrics."""
