"""List what is in an image: its SBOM."""
