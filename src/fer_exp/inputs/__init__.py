"""What a network gets: variant, split, pictures or features, batches."""
