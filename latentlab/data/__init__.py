"""Data sets: IDX files, CelebA, Quick, Draw!, folders and archives of images; downloads, the cache, batches."""
