"""How an SBOM names the image that it is of, where its format has no field for an image's id."""

IMAGE_ID = "ci-gen:image-id"
"""The CycloneDX property, and the key in SPDX's creation comment."""
