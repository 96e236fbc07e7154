"""What can be learned of a trained model: directions, quality metrics."""
