"""Stage `image`: the container image of the service, from the package that passed the tests."""

from __future__ import annotations

import posixpath

from ci_gen.config.choices import EngineAccess, ForkPolicy, ImagePlatform, ImageSource
from ci_gen.config.sections.cuda import CudaVariant
from ci_gen.pipeline.image_settings import DOCKER_FOLDER, ImageSettings
from ci_gen.pipeline.model import (
    VARIANT,
    Access,
    ActionCall,
    Artifact,
    Engine,
    Grant,
    Job,
    Matrix,
    MatrixRef,
    Need,
    RegistryPart,
    RegistryRef,
    SecretRef,
    Stage,
    Value,
)
from ci_gen.pipeline.parts import (
    CHANGES,
    ENGINE_TOOLS,
    EVIDENCE_FOLDER,
    evidence,
    flag,
    gpu,
    hosted,
    lines,
    package,
)
from ci_gen.pipeline.settings import Settings
from ci_gen.render import base_images
from ci_gen.render.pins import pins

_PUSH = Grant(Access.PUSH_IMAGES, "to push the image")
_ENGINES = {EngineAccess.SOCKET: Engine.SOCKET, EngineAccess.DIND: Engine.DIND}


def plan(settings: Settings) -> Stage | None:
    """The image of the service, and one for each of its CUDA variants."""
    image = settings.image
    if image is None:
        return None
    jobs = [_hosted_job(settings, image)]
    if image.cuda:
        jobs.append(_cuda_job(settings, image))
    return Stage(
        id="image",
        title="Image",
        why="What runs in production is the package that passed the tests. The image is started "
        "before it is pushed: one that does not become healthy, or does not stop, goes nowhere.",
        jobs=tuple(jobs),
    )


def job_id(image: ImageSettings, *, cuda: bool) -> str:
    """The id of the job that makes the image, or the images for CUDA."""
    return f"image-cuda-{image.service.name}" if cuda else f"image-{image.service.name}"


def sbom(settings: Settings, image: ImageSettings, variant: str) -> Artifact:
    """The list of what is in the image."""
    name = f"{image.service.name}-{variant}"
    return Artifact(
        name=f"sbom-{name}",
        paths=(f"dist/{name}.spdx.json",),
        retention_days=settings.config.retention.packages,
    )


def registry(image: ImageSettings) -> dict[str, Value]:
    """Where the image goes, and the login: the platform's own, or secrets by their names."""
    declared, service = image.declared, image.service.name
    repository = declared.repository or ""
    parts: dict[str, Value] = {
        part.value: RegistryRef(part, service, repository) for part in RegistryPart
    }
    if repository:
        parts["repository"] = repository
    if declared.username:
        parts["username"] = SecretRef(declared.username)
        parts["password"] = SecretRef(declared.password)
    return parts


def dockerfile(settings: Settings, image: ImageSettings, kind: str) -> str:
    """The generated Dockerfile of a kind (cpu, cuda, python) under its final name."""
    path = f"{DOCKER_FOLDER}/{image.service.name}-{kind}.Dockerfile"
    return settings.config.files.get(path, path)


def _hosted_job(settings: Settings, image: ImageSettings) -> Job:
    own = job_id(image, cuda=False)
    name = image.service.name
    needs = [Need(job=CHANGES), _build(settings, image, image.variant)]
    if image.service.integration:
        needs.append(Need(job=f"integration-tests-{name}"))
    return Job(
        id=own,
        stage="image",
        title=f"Image of {name}",
        why="Builds the image, starts it, asks it, stops it, and lists what is in it; pushes it "
        "unless the change still waits for its merge.",
        runner=hosted(settings),
        tools=ENGINE_TOOLS,
        engine=_ENGINES[image.declared.engine],
        emulated=image.declared.platforms != (ImagePlatform.LINUX_AMD64,),
        needs=tuple(needs),
        grants=(_PUSH,),
        submodules=settings.submodules and image.declared.source is ImageSource.COMPILE,
        large_files=_takes_models(image),
        timeout_minutes=settings.config.timeouts.image,
        expected_minutes=5 if image.declared.source is ImageSource.PACKAGE else 15,
        artifacts=(
            evidence(settings, own, f"sbom-{name}"),
            sbom(settings, image, image.variant),
        ),
        calls=_calls(settings, image, image.variant, own, f"sbom-{name}", cuda=False),
    )


def _cuda_job(settings: Settings, image: ImageSettings) -> Job:
    own = job_id(image, cuda=True)
    name = f"{own}-{VARIANT}"
    contents = f"sbom-cuda-{image.service.name}-{VARIANT}"
    config = settings.config
    approved = config.forks.gpu is ForkPolicy.APPROVE
    return Job(
        id=own,
        stage="image",
        title=f"Image of {image.service.name} for CUDA",
        why="Builds an image of each variant of the matrix on the runner's own engine and starts "
        "it on the GPU that it is for.",
        runner=gpu(settings),
        engine=Engine.SOCKET,
        needs=(Need(job=CHANGES), _build(settings, image, VARIANT)),
        forks=approved,
        approval=config.forks.environment if approved else "",
        grants=(_PUSH,),
        matrix=_variants(image),
        submodules=settings.submodules and image.declared.source is ImageSource.COMPILE,
        large_files=_takes_models(image),
        timeout_minutes=config.timeouts.cuda,
        expected_minutes=8 if image.declared.source is ImageSource.PACKAGE else 30,
        artifacts=(evidence(settings, name, contents), sbom(settings, image, VARIANT)),
        calls=_calls(settings, image, VARIANT, name, contents, cuda=True),
    )


def _variants(image: ImageSettings) -> Matrix:
    """The rows, each on the base images of its toolkit."""
    return Matrix(
        rows=tuple(
            {"variant": variant.name, "build-args": lines(_bases(image, variant))}
            for variant in image.cuda
        ),
        unnamed=frozenset({"build-args"}),
    )


def _bases(image: ImageSettings, variant: CudaVariant) -> list[str]:
    bases = base_images.cuda(image, variant, pins())
    found = [f"BASE_IMAGE={bases.run}"]
    if image.declared.source is ImageSource.COMPILE:
        found.append(f"BUILD_IMAGE={bases.build}")
        found.append(f"CUDA_ARCHITECTURES={base_images.cuda_architectures(variant)}")
    return found


def _takes_models(image: ImageSettings) -> bool:
    return bool(image.declared.embed_model or image.declared.test_model)


def _build(settings: Settings, image: ImageSettings, variant: str) -> Need:
    """The build before it, and its package where the image is made from that."""
    kind = "cuda" if variant == VARIANT else variant
    takes = image.declared.source is ImageSource.PACKAGE
    made = package(settings, image.service, variant).name
    return Need(job=f"build-{kind}-{image.service.name}", artifacts=(made,) if takes else ())


def _calls(
    settings: Settings, image: ImageSettings, variant: str, name: str, contents: str, *, cuda: bool
) -> tuple[ActionCall, ...]:
    service = image.service.name
    made = f"{service}-{variant}"
    path = f"dist/{made}.spdx.json"
    return (
        ActionCall(
            id="image",
            action="image-build",
            title="Build, test and push the image",
            inputs={
                **_build_inputs(settings, image, variant, cuda=cuda),
                **registry(image),
                **_trial_inputs(image, cuda=cuda),
                "evidence-name": name,
            },
        ),
        ActionCall(
            id="sbom",
            action="sbom",
            title="List what is in the image",
            inputs={
                "service": service,
                "image-evidence": posixpath.join(EVIDENCE_FOLDER, f"{name}.json"),
                "output": path,
                "evidence-name": contents,
            },
        ),
    )


def _build_inputs(
    settings: Settings, image: ImageSettings, variant: str, *, cuda: bool
) -> dict[str, Value]:
    declared, service = image.declared, image.service.name
    takes = declared.source is ImageSource.PACKAGE
    kind = "cuda" if cuda else variant
    return {
        "service": service,
        "variant": variant,
        "dockerfile": dockerfile(settings, image, kind),
        "package": f"dist/{service}-{variant}/*.tar.gz" if takes else "",
        "build-args": MatrixRef("build-args") if cuda else "",
        # The release moves the others, once its record is complete.
        "tags": "commit",
        "platforms": lines(each.value for each in declared.platforms),
        "registry-cache": flag(declared.cache),
        "max-mib": str(declared.max_mib),
        "max-growth-percent": str(declared.max_growth_percent),
    }


def _trial_inputs(image: ImageSettings, *, cuda: bool) -> dict[str, Value]:
    declared = image.declared
    return {
        "port": str(declared.port),
        "health": declared.health,
        "properties": _properties(image) or "none",
        "test-model": declared.test_model,
        "test-args": lines(declared.test_args),
        "start-timeout": str(declared.start_seconds),
        "stop-timeout": str(declared.stop_seconds),
        "gpus": flag(cuda),
    }


def _properties(image: ImageSettings) -> str:
    """The path whose answer names the build; a Python service has none unless it says so."""
    if image.declared.properties is not None:
        return image.declared.properties
    return "" if image.variant == "python" else "/props"
