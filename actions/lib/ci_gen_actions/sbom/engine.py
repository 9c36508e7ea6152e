"""The image in the container engine: what it is, and one file of it."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from ..core.errors import CannotDecide, UsageError
from .document import Image

if TYPE_CHECKING:
    import docker

MANIFEST_BYTES = 4 << 20


def image(client: docker.DockerClient, reference: str) -> Image:
    """The image of that name or id. Raises UsageError where the engine has none."""
    from docker.errors import APIError, ImageNotFound

    try:
        found = client.images.get(reference)
    except ImageNotFound:
        raise UsageError(
            f"the engine has no image {reference}",
            where="input image",
            next="make the SBOM in the job that builds the image, after it was built",
        ) from None
    except APIError as error:
        raise CannotDecide(f"the engine refused to describe {reference}", why=str(error)) from error
    # Cut to whole seconds: SPDX allows no fractions.
    created = f"{str(found.attrs['Created'])[:19]}Z"
    return Image(id=str(found.id), created=created, labels=dict(found.labels))


def file_of(client: docker.DockerClient, image_id: str, path: str) -> bytes | None:
    """One file of the image, None where it has none there. The image is not started."""
    from docker.errors import APIError, NotFound

    try:
        # A command is demanded even where nothing is started.
        container = client.containers.create(image_id, command=["none"], network_mode="none")
    except APIError as error:
        raise CannotDecide("the image cannot be looked into", why=str(error)) from error
    try:
        stream, facts = container.get_archive(path)
        if facts is None or int(facts["size"]) > MANIFEST_BYTES:
            return None
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            members = [each for each in tar if each.isfile()]
            source = tar.extractfile(members[0]) if members else None
            return source.read() if source else None
    except NotFound:
        return None
    finally:
        container.remove(force=True, v=True)
