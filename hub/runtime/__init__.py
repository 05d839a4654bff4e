"""What runs any stage: threads, processes, back-off, status, progress."""
