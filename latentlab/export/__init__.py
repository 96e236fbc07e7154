"""Frames to GIF, WebP, APNG and sheets; PNG with its latent inside."""
