"""The root action `ci-gen`: checks or regenerates the pipeline of the repository it runs in."""
