"""How the image's service runs in a cluster: every number and name of its manifests. Pure.

The order in which time may run out: loading a model, then the startup probe, then the progress
deadline of the Deployment. Whoever waits for a rollout waits longer than that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ci_gen.config.choices import ModelDelivery
from ci_gen.config.model import Config, Environment, Kubernetes
from ci_gen.config.model_config import ModelConfig
from ci_gen.errors import quoted
from ci_gen.pipeline.image_settings import LLAMA_SERVER, ImageSettings

MODELS = "/models"
EMBEDDED = f"{MODELS}/model.gguf"
"""Where `image.embed_model` lies in the image."""
STARTUP_PERIOD = 5
PRE_STOP = 5
"""Seconds between a pod's end being decided and SIGTERM: proxies learn of it meanwhile."""
USER = 10001
"""The user of the generated images."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """An environment that is deployed to."""

    environment: str
    namespace: str
    replicas: int


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The service in a cluster; `declared` holds its other keys.

    `model_config` is what the service's model-config.yaml says, None where there is none.
    """

    declared: Kubernetes
    image: ImageSettings
    model_config: ModelConfig | None
    places: tuple[Place, ...]

    @property
    def name(self) -> str:
        """The name of every object."""
        return self.image.service.name

    @property
    def llama(self) -> bool:
        """Whether it is llama-server, which knows its own arguments."""
        return self.image.command.rpartition("/")[2] == LLAMA_SERVER

    @property
    def minor(self) -> int:
        """21 of 1.21."""
        return int(self.declared.version.partition(".")[2])

    @property
    def budget_api(self) -> str:
        """The version of PodDisruptionBudget: policy/v1 is there from 1.21, v1beta1 until 1.24."""
        return "policy/v1" if self.minor >= 21 else "policy/v1beta1"

    @property
    def autoscaling_api(self) -> str:
        """The version of HorizontalPodAutoscaler: v2 is there from 1.23, v2beta2 until 1.25."""
        return "autoscaling/v2" if self.minor >= 23 else "autoscaling/v2beta2"

    @property
    def model_path(self) -> str:
        """Where the server finds its model, "" where it has none."""
        model = self.declared.model
        if model.delivery is not ModelDelivery.EMBEDDED:
            return f"{MODELS}/{model.file}"
        return EMBEDDED if self.image.declared.embed_model else ""

    @property
    def startup_failures(self) -> int:
        """How often the startup probe may fail."""
        return math.ceil(self.declared.start_seconds / STARTUP_PERIOD)

    @property
    def progress_seconds(self) -> int:
        """The Deployment's deadline: as long again as a start, for pulling and checking."""
        return 2 * self.startup_failures * STARTUP_PERIOD + 60

    @property
    def grace_seconds(self) -> int:
        """How long a pod may take to end."""
        return PRE_STOP + self.declared.drain_seconds + self.image.declared.stop_seconds

    @property
    def surge(self) -> tuple[int, int]:
        """maxSurge and maxUnavailable. A GPU that nobody has free would be waited for in vain."""
        return (0, 1) if self.declared.gpus else (1, 0)

    def server_variables(self) -> dict[str, str]:
        """The ConfigMap: what the server reads from its environment."""
        port = str(self.image.declared.port)
        found = {"HOST": "0.0.0.0", "PORT": port}  # noqa: S104 - inside of a pod
        if self.model_path:
            found["MODEL"] = self.model_path
        if not self.llama:
            return found
        found |= {"LLAMA_ARG_HOST": "0.0.0.0", "LLAMA_ARG_PORT": port}  # noqa: S104
        if self.model_path:
            found["LLAMA_ARG_MODEL"] = self.model_path
        if self.declared.gpus:
            found["LLAMA_ARG_N_GPU_LAYERS"] = "999"
        if self.declared.service_monitor:
            found["LLAMA_ARG_ENDPOINT_METRICS"] = "1"
        told = self.model_config
        if told is not None:
            found |= {
                "LLAMA_ARG_ALIAS": told.model.name,
                "LLAMA_ARG_CTX_SIZE": str(told.model.context_size),
                "LLAMA_ARG_N_PREDICT": str(told.inference.max_tokens),
                "LLAMA_ARG_TOP_P": f"{told.inference.top_p:g}",
                "MODEL_TEMPERATURE": f"{told.inference.temperature:g}",
            }
        return found

    def arguments(self) -> tuple[str, ...]:
        """The server's arguments; Kubernetes expands $(NAME) in them, and $$ is a dollar."""
        given = (*self.image.declared.args, *self.declared.args)
        escaped = tuple(each.replace("$", "$$") for each in given)
        if self.llama and self.model_config is not None:
            # There is no variable of llama-server for it.
            return (*escaped, "--temp", "$(MODEL_TEMPERATURE)")
        return escaped


def cluster_of(
    config: Config, image: ImageSettings | None, told: ModelConfig | None = None
) -> Cluster | None:
    """The service in a cluster, None where none is wanted. The config has been checked."""
    if not config.kubernetes.enabled or image is None:
        return None
    return Cluster(
        declared=config.kubernetes,
        image=image,
        model_config=told,
        places=tuple(
            Place(
                environment=each.name,
                namespace=each.namespace,
                replicas=each.replicas or config.kubernetes.replicas,
            )
            for each in _deployed(config)
        ),
    )


def _deployed(config: Config) -> tuple[Environment, ...]:
    return tuple(each for each in config.environments if each.namespace)


def problems(config: Config, image: ImageSettings | None) -> Iterator[tuple[str, str]]:
    """What the config leaves undecided or asks in vain: what is wrong, and what to do."""
    wanted = config.kubernetes
    if not wanted.enabled:
        return
    if image is None:
        yield "kubernetes.enabled needs an image", "set image.enabled to true"
        return
    if image.service.name[0].isdecimal():
        yield (
            f"the service {quoted(image.service.name)} begins with a digit, which no Service of "
            "Kubernetes may",
            "give it a name that begins with a letter",
        )
    yield from _model_problems(wanted, image)
    scaling = wanted.autoscaling
    if scaling.enabled and scaling.min_replicas > scaling.max_replicas:
        yield (
            "kubernetes.autoscaling.min_replicas is above max_replicas",
            "swap them, or correct one",
        )
    taken = Counter(each.namespace for each in _deployed(config))
    for namespace in [name for name, count in taken.items() if count > 1]:
        yield (
            f"two environments have the namespace {quoted(namespace)}",
            "give each its own: one would overwrite the other",
        )


def _model_problems(wanted: Kubernetes, image: ImageSettings) -> Iterator[tuple[str, str]]:
    model, where = wanted.model, "kubernetes.model"
    if model.delivery is ModelDelivery.EMBEDDED:
        program = image.command.rpartition("/")[2]
        if program == LLAMA_SERVER and not image.declared.embed_model:
            yield (
                f"{where}.delivery is embedded, and the image has no model",
                f"set image.embed_model, or {where}.delivery to claim or image",
            )
        return
    kind = model.delivery.value
    given = {"file": model.file, "sha256": model.sha256, kind: getattr(model, kind)}
    for key in [key for key, value in given.items() if not value]:
        yield f"{where}.delivery is {kind}, and {where}.{key} is empty", f"set {where}.{key}"
    if model.delivery is ModelDelivery.IMAGE and int(wanted.version.partition(".")[2]) < 31:
        yield (
            f"{where}.delivery is image, which Kubernetes {wanted.version} cannot mount",
            "set kubernetes.version to 1.31 or newer, or deliver it by claim",
        )
