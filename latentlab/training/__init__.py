"""Training: configuration, losses, one readable loop, EMA, events, resume, service."""
