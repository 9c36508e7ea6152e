"""The size of an image: against its limits, by layer, and against the image before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

from ..core.archive import size_text
from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from ..core.inert import code, plain, table
from ..core.oci import Registry
from ..core.oci_reference import Reference, parse_reference
from . import compressed
from .connection import engine_errors
from .login import Login, login_of
from .options import Options
from .previous import Remote, look_up
from .verifying import known_user

MIB = 1 << 20
SHOWN_LAYERS = 8
UNASKED_BYTES = 2 << 30
"""Beyond this, an image is compressed for a comparison only where a limit asks for it."""
UNCOMPRESSED = "uncompressed, both in the engine"
COMPRESSED = "compressed, as a registry holds them"


class Layer(TypedDict):
    """A layer, or a step of the Dockerfile that made none; `size` in bytes, uncompressed."""

    size: int
    command: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The image against the previous one; `ours` and `theirs` are bytes of the same kind.

    `state` is NEW (there is none), COMPARED, or UNKNOWN, where `why` says why.
    """

    state: str
    previous: str = ""
    digest: str = ""
    basis: str = ""
    ours: int = 0
    theirs: int = 0
    why: str = ""

    @property
    def percent(self) -> float:
        """How much larger the image is than the previous one; negative for smaller."""
        return 100 * (self.ours - self.theirs) / self.theirs if self.theirs else 0.0

    @property
    def words(self) -> str:
        """The comparison in a sentence."""
        if self.state != "COMPARED":
            return f"{self.state}: {self.why}"
        sizes = f"{size_text(self.ours)} against {size_text(self.theirs)}"
        return f"{self.percent:+.1f} % ({sizes}; {self.basis})"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What was measured. `size` is in bytes, uncompressed; `problems` are sentences."""

    size: int
    layers: tuple[Layer, ...]
    comparison: Comparison
    problems: tuple[str, ...]

    @property
    def findings(self) -> dict[str, Any]:
        """For the evidence."""
        comparison = {**asdict(self.comparison), "percent": round(self.comparison.percent, 2)}
        return {"size": self.size, "layers": list(self.layers), "comparison": comparison}

    @property
    def markdown(self) -> str:
        """The comparison and the largest layers."""
        told = f"Against the previous image: {plain(self.comparison.words)}\n\n"
        return told + layer_table(self.layers)


def measure(client: Any, image_id: str, previous: str, options: Options, ci: Dialect) -> Measure:
    """Measure an image that the engine holds; `previous` names the one before it, or is empty.

    Raises CannotDecide where the engine fails, and where the previous image cannot be reached
    though max-growth-percent is set.
    """
    with engine_errors("the image was measured"):
        image = client.api.inspect_image(image_id)
        layers = history(client.api.history(image_id))
        comparison = _compare(client, image, previous, options, ci)
    size = int(image["Size"])
    return Measure(
        size=size,
        layers=layers,
        comparison=comparison,
        problems=tuple(limits(size, comparison, options)),
    )


def limits(size: int, comparison: Comparison, options: Options) -> list[str]:
    """What exceeds the limits of the inputs."""
    found = []
    if options.max_mib and size > options.max_mib * MIB:
        found.append(
            f"the image has {size_text(size)}, more than the {options.max_mib} MiB of max-mib"
        )
    growth = options.max_growth_percent
    if growth and comparison.state == "COMPARED" and comparison.percent > growth:
        found.append(
            f"the image grew by {comparison.percent:.1f} %, more than the {growth} % of "
            f"max-growth-percent: {comparison.words}"
        )
    return found


def history(entries: Sequence[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """The steps of a build, the first one first, out of the engine's history."""
    return tuple(
        Layer(size=int(each.get("Size", 0)), command=step(each.get("CreatedBy") or ""))
        for each in reversed(entries)
    )


def step(created_by: str) -> str:
    """The instruction of a history's entry, without the engine's wrapping, in one line."""
    text = " ".join(created_by.split()).removesuffix("# buildkit").strip()
    text = re.sub(r"^(?:\|\d+ .*?)?/bin/sh -c #\(nop\) ", "", text).strip()
    text = re.sub(r"^(?:RUN )?(?:\|\d+ .*?)?/bin/sh -c ", "RUN ", text)
    return text[:200] or "(imported)"


def layer_table(layers: Sequence[Layer]) -> str:
    """The largest layers as a table."""
    largest = sorted((each for each in layers if each["size"]), key=lambda each: -each["size"])
    rows = [
        (size_text(each["size"]), code(each["command"][:120])) for each in largest[:SHOWN_LAYERS]
    ]
    rest = largest[SHOWN_LAYERS:]
    if rest:
        rows.append((size_text(sum(each["size"] for each in rest)), f"{len(rest)} more"))
    return table(("Layer", "Made by"), rows) if rows else ""


# Against the previous image ----------------------------------------------------------------


def _compare(
    client: Any, image: Mapping[str, Any], previous: str, options: Options, ci: Dialect
) -> Comparison:
    if not previous:
        return Comparison(state="NEW", why="no previous image is named")
    local = _local(client, previous)
    if local is not None:
        return Comparison(
            state="COMPARED",
            previous=previous,
            digest=local["Id"],
            basis=UNCOMPRESSED,
            ours=int(image["Size"]),
            theirs=int(local["Size"]),
        )
    try:
        return _compare_remote(client, image, previous, options, ci)
    except CannotDecide as error:
        if options.max_growth_percent:
            raise
        ci.warning(f"the image was not compared with {previous}: {error.what}")
        return Comparison(state="UNKNOWN", previous=previous, why=error.what)


def _compare_remote(
    client: Any, image: Mapping[str, Any], previous: str, options: Options, ci: Dialect
) -> Comparison:
    reference = parse_reference(previous)
    remote = look_up(
        _registry(client, reference, options),
        reference,
        system=str(image.get("Os", "linux")),
        architecture=str(image.get("Architecture", "")),
    )
    if remote is None:
        return Comparison(state="NEW", previous=previous, why=f"there is no {previous} yet")
    if int(image["Size"]) > UNASKED_BYTES and not options.max_growth_percent:
        why = (
            f"compressing {size_text(int(image['Size']))} only to compare takes long; "
            "max-growth-percent asks for it"
        )
        return Comparison(state="UNKNOWN", previous=previous, theirs=remote.size, why=why)
    return Comparison(
        state="COMPARED",
        previous=previous,
        digest=remote.digest,
        basis=COMPRESSED,
        ours=_compressed_size(client, image, remote, ci),
        theirs=remote.size,
    )


def _compressed_size(client: Any, image: Mapping[str, Any], remote: Remote, ci: Dialect) -> int:
    layers = (image.get("RootFS") or {}).get("Layers") or ()
    if all(each in remote.layers for each in layers):
        return sum(remote.layers[each] for each in layers)
    ci.log("compressing the layers, to compare them with the previous image's")
    archive = client.api.get_image(image["Id"], chunk_size=1 << 20)
    try:
        return compressed.total(compressed.layer_sizes(archive, remote.layers), layers)
    except ValueError as error:
        raise CannotDecide(
            "the image's compressed size could not be measured", why=str(error)
        ) from error


def _local(client: Any, reference: str) -> Mapping[str, Any] | None:
    from docker.errors import ImageNotFound

    try:
        found: Mapping[str, Any] = client.api.inspect_image(reference)
    except ImageNotFound:
        return None
    return found


def _registry(client: Any, reference: Reference, options: Options) -> Registry:
    """The registry, with the login of the inputs where it is theirs, else docker's own."""
    own = options.repository and parse_reference(options.repository).host == reference.host
    user = known_user(client, login_of(options) if own else Login(host=reference.host))
    return Registry(reference.host, username=user.username, password=user.password)
