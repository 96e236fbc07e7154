"""Data sets: MNIST-style IDX files, folders and archives of images, downloads with checksums, batches."""
