"""How the service runs in a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ci_gen.config.choices import ModelDelivery, ServiceType, TolerationEffect
from ci_gen.config.limits import ARGUMENT, DNS_LABEL, IMAGE, REPOSITORY_PATH, SHA256
from ci_gen.config.option import Limits, option

DNS_NAME = Limits(
    pattern=r"^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$",
    hint="lower-case letters, digits, inner hyphens and dots, at most 253",
)
SECRET_KEY = Limits(
    pattern=r"^(?!\.\.)[A-Za-z0-9._-]{1,253}$", hint="letters, digits, dots, hyphens, underscores"
)
_PREFIX = r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?"
_VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
LABEL_KEY = rf"^{_PREFIX}{_VALUE}$"
LABEL_VALUE = Limits(
    pattern=rf"^(?:{_VALUE})?$",
    hint="letters, digits, inner dots, hyphens and underscores, at most 63",
    empty=True,
    key_pattern=LABEL_KEY,
)
TAINT_KEY = Limits(pattern=LABEL_KEY, hint="the key of a taint such as nvidia.com/gpu")
QUANTITY = Limits(
    pattern=r"^[0-9]{1,9}(?:\.[0-9]{1,3})?(?:m|[kMGT]i?|Ki)?$",
    hint="an amount such as 500m, 2, 4Gi",
)
VERSION = Limits(pattern=r"^1\.(?:2[0-9]|3[0-9])$", hint="a version of Kubernetes, from 1.20 on")
MODEL_FILE = Limits(
    pattern=r"^(?!.*(?:^|/)\.\.?(?:/|$))[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_.+-]+)*$",
    hint="a path below the volume's root such as chat/model-Q4_K_M.gguf",
)


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """A value in a Secret that is in the cluster already; it is never rendered."""

    secret: str = option(default="", limits=DNS_NAME, doc="The Secret's name; none where empty.")
    key: str = option(default="token", limits=SECRET_KEY, doc="The key in it.")


@dataclass(frozen=True, kw_only=True)
class KubernetesModel:
    """Where a pod takes its model from, and what it must be."""

    delivery: ModelDelivery = option(
        default=ModelDelivery.EMBEDDED,
        doc="embedded: it is in the server's image. claim: a file in a volume that is claimed. "
        "image: a file in an image of its own, which Kubernetes mounts from 1.31 on.",
    )
    claim: str = option(
        default="",
        limits=DNS_NAME,
        example="models",
        doc="The PersistentVolumeClaim with the model; it is mounted read-only and not made here.",
    )
    image: str = option(
        default="", limits=IMAGE, doc="The image with the model, where delivery is image."
    )
    file: str = option(
        default="",
        limits=MODEL_FILE,
        example="chat/model-Q4_K_M.gguf",
        doc="The model's path in the volume, or in its image.",
    )
    sha256: str = option(
        default="",
        limits=SHA256,
        doc="The SHA-256 of that file. Each pod checks it before its server starts.",
    )


@dataclass(frozen=True, kw_only=True)
class Toleration:
    """A taint that the pods tolerate, whatever its value."""

    key: str = option(limits=TAINT_KEY, doc="The taint's key.")
    effect: TolerationEffect = option(
        default=TolerationEffect.NO_SCHEDULE, doc="The taint's effect."
    )


@dataclass(frozen=True, kw_only=True)
class Autoscaling:
    """A HorizontalPodAutoscaler; it then owns the number of replicas."""

    enabled: bool = option(default=False, doc="Render one. The cluster needs a metrics server.")
    min_replicas: int = option(
        default=1, limits=Limits(minimum=1, maximum=1000), doc="The fewest replicas."
    )
    max_replicas: int = option(
        default=3, limits=Limits(minimum=1, maximum=1000), doc="The most replicas."
    )
    cpu_percent: int = option(
        default=80,
        limits=Limits(minimum=1, maximum=1000),
        doc="The load that it holds, in percent of the requested processors.",
    )


@dataclass(frozen=True, kw_only=True)
class Network:
    """Who may speak with the pods, where the cluster enforces a NetworkPolicy."""

    policy: bool = option(default=True, doc="Render a NetworkPolicy.")
    from_namespaces: tuple[str, ...] = option(
        default=(),
        limits=DNS_LABEL,
        example=["ingress", "monitoring"],
        doc="Namespaces besides its own whose pods may ask the service. Of Kubernetes before 1.22 "
        "each needs the label kubernetes.io/metadata.name.",
    )


@dataclass(frozen=True, kw_only=True)
class Kubernetes:
    """The manifests of the image's service; an overlay for each environment with a namespace."""

    enabled: bool = option(
        default=False, doc="Render manifests for kustomize. Needs image.enabled."
    )
    version: str = option(
        default="1.33",
        limits=VERSION,
        doc="The oldest version of Kubernetes that they must be valid for.",
    )
    folder: str = option(
        default="kubernetes",
        limits=REPOSITORY_PATH,
        doc="The folder of the manifests; another one where that holds manifests of yours.",
    )
    replicas: int = option(
        default=1,
        limits=Limits(minimum=1, maximum=1000),
        doc="How many pods serve, where the environment says nothing else.",
    )
    model: KubernetesModel = option(factory=KubernetesModel, doc="The model.")
    start_seconds: int = option(
        default=300,
        limits=Limits(minimum=10, maximum=7200),
        doc="How long a pod may take from its start until its model is loaded.",
    )
    drain_seconds: int = option(
        default=60,
        limits=Limits(minimum=1, maximum=3600),
        doc="How long a pod that is taken out may take to finish its answers.",
    )
    cpu: str = option(default="2", limits=QUANTITY, doc="Processors that a pod asks for.")
    memory: str = option(
        default="4Gi",
        limits=QUANTITY,
        doc="Memory that a pod asks for and may not exceed: model, context and buffers.",
    )
    gpus: int = option(
        default=0,
        limits=Limits(minimum=0, maximum=64),
        doc="GPUs of a pod. The image of the first CUDA variant is the one to deploy then.",
    )
    gpu_resource: str = option(
        default="nvidia.com/gpu", limits=TAINT_KEY, doc="The name under which nodes offer GPUs."
    )
    node_selector: Mapping[str, str] = option(
        factory=dict,
        limits=LABEL_VALUE,
        example={"accelerator": "l4"},
        doc="Labels that a node must have.",
    )
    tolerations: tuple[Toleration, ...] = option(
        default=(),
        doc="Taints that are tolerated, besides that of gpu_resource where there are GPUs.",
    )
    args: tuple[str, ...] = option(
        default=(),
        limits=ARGUMENT,
        example=["--parallel", "4"],
        doc="Further arguments of the server, one an item, after those of image.args.",
    )
    service_type: ServiceType = option(
        default=ServiceType.CLUSTER_IP, doc="How the Service is reached."
    )
    api_key: SecretKey = option(factory=SecretKey, doc="The key that the server demands.")
    pull_secret: str = option(
        default="",
        limits=DNS_NAME,
        example="registry-login",
        doc="The Secret with the login of the image's registry; none where empty.",
    )
    network: Network = option(factory=Network, doc="Who may speak with the pods.")
    autoscaling: Autoscaling = option(factory=Autoscaling, doc="The number of replicas by load.")
    service_monitor: bool = option(
        default=False,
        doc="Serve /metrics and render a ServiceMonitor for the Prometheus operator.",
    )
