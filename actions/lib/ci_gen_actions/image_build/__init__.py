"""The image-build action: build an image, try it, push it, and check what the registry has."""
