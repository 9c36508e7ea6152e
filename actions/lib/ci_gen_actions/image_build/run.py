"""The `image-build` action: build, try, measure, push, and see what the registry has."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from ..core.result import Result
from . import connection, dockerfile, local_images, plan, verifying
from .building import Job, NotBuilt, build, leave_cache
from .context import expected_build, prepare
from .login import client_environment, copy_configuration, log_in, login_of
from .measure import measure
from .options import Options
from .pushing import Pusher
from .report import Story, result
from .scratch import private_folder
from .trial import try_image

if TYPE_CHECKING:
    import docker

EXCHANGE_SECONDS = 600.0
"""How long one answer of the engine may take; builds and pushes have the input timeout."""


class Stop(Exception):  # noqa: N818 - an end, not an error
    """What was built must not be pushed, or was not pushed as built: the story says why."""


def run(options: Options, ci: Dialect) -> Result:
    """Build the image; push it where that is wanted and the image passed.

    Raises UsageError for inputs that fit no build, CannotDecide where the engine or a registry
    cannot be reached or refuses.
    """
    ci.mask(options.password)
    options = plan.in_small_letters(options)
    with (
        private_folder(ci.environ) as scratch,
        contextlib.closing(connection.connect(ci.environ, EXCHANGE_SECONDS)) as client,
    ):
        return ImageBuild(options, ci, scratch, client).run()


class ImageBuild:
    """One run: what it was asked, what it works with, and its story so far."""

    def __init__(
        self, options: Options, ci: Dialect, scratch: Path, client: docker.DockerClient
    ) -> None:
        self.options = options
        self.ci = ci
        self.client = client
        self.source = prepare(options, ci, scratch / "context")
        engine = connection.engine(client)
        choice = plan.choose(options, connection.clients(ci.environ), engine, self.source)
        push = plan.push(options, ci.event, ci.name, self.source.commit)
        self.story = Story(source=self.source, engine=engine, choice=choice, push=push)
        self.login = login_of(options)
        tag = local_images.new_tag(self.source.commit, time.time())
        self.job = Job(
            options=options,
            ci=ci,
            client=client,
            choice=choice,
            source=self.source,
            login=self.login,
            environment=client_environment(ci.environ, scratch / "docker-config"),
            scratch=scratch,
            tag=f"{plan.local_name(options)}:{tag}",
            write_cache=push.wanted,
        )

    def run(self) -> Result:
        """All phases; the image stays in the engine only where it passed them all."""
        self._announce()
        copy_configuration(self.ci.environ, self.job.scratch / "docker-config", self.login)
        log_in(self.login, self.client, self.story.choice.client, self.job.environment)
        with self._temporary():
            try:
                self._build()
                self._try()
                self._measure()
                self._push()
                self.story.kept = self.job.tag
                local_images.forget_old(self.client, self.job.tag, self.options.repository)
            except Stop:
                pass
        for problem in self.story.problems:
            self.ci.error(problem)
        return result(self.options, self.story)

    def _announce(self) -> None:
        story = self.story
        self.ci.log(f"builder: {story.choice.builder}, since {story.choice.why}")
        if story.push.wanted:
            self.ci.log(f"to be pushed to {self.options.repository}: {' '.join(story.push.tags)}")
        else:
            self.ci.log(f"not to be pushed: {story.push.why}")
        if self.source.dirty and story.push.wanted:
            self._note("The checkout has changes that are in no commit; the tags do not say so.")

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[None]:
        """Remove the image's name at the end, unless the run came to keep it."""
        try:
            yield
        finally:
            if not self.story.kept:
                local_images.forget(self.client, self.job.tag)

    # Phases --------------------------------------------------------------------------------

    def _build(self) -> None:
        platforms = self.options.platforms
        own = self.story.engine.platform
        # Of several platforms the engine can hold, and start, one.
        here = (own if own in platforms else platforms[0],) if len(platforms) > 1 else platforms
        try:
            self.story.built = build(self.job, here)
        except NotBuilt as error:
            self._stop(str(error))
        given = plan.build_args(self.options, self.source)
        names = dockerfile.bases(self.source.text, given)
        self.story.bases = {name: self._base_digest(name) for name in names}

    def _base_digest(self, name: str) -> str:
        """The digest of a base image, "" where neither its name nor the engine tells."""
        from docker.errors import DockerException

        if "@" in name:
            return name.partition("@")[2]
        try:
            found = self.client.images.get(name)
        except DockerException:
            return ""
        told = [each.partition("@")[2] for each in found.attrs.get("RepoDigests") or ()]
        return told[0] if told else str(found.id)

    def _try(self) -> None:
        if not self.options.test:
            self._note("The image was not started: the input test is false.")
            return
        with self.ci.group("Try the image"):
            trial = try_image(
                self.client,
                self._image_id,
                self.options,
                self.ci,
                expected_build(self.options, self.source),
            )
        self.story.trial = trial
        if not trial.passed:
            self._stop(*trial.problems)

    def _measure(self) -> None:
        previous = plan.previous(self.options)
        found = measure(self.client, self._image_id, previous, self.options, self.ci)
        self.story.measure = found
        if found.problems:
            self._stop(*found.problems)

    def _push(self) -> None:
        if not self.story.push.wanted:
            return
        tags, several = self.story.push.tags, len(self.options.platforms) > 1
        pusher = Pusher(
            client=self.client,
            ci=self.ci,
            repository=self.options.repository,
            login=self.login,
            timeout=self.options.timeout,
        )
        with self.ci.group("Push"):
            if several:
                digest = pusher.push_platforms(self.job, tags)
            else:
                digest = pusher.push(self._image_id, tags)
            seen = verifying.look(self.client, self.options.repository, tags, self.login)
        # An index of several platforms has no config, and no id in the engine.
        wrong = tuple(verifying.problems(seen, digest, "" if several else self._image_id))
        if wrong:
            self._stop(*wrong)
        self.story.digest = digest
        self.story.verified_by = "registry" if all(each.direct for each in seen) else "engine"
        self._leave_cache(pusher)

    def _leave_cache(self, pusher: Pusher) -> None:
        """Keep the cache beside the image, for builders that cannot by themselves."""
        try:
            with (
                self.ci.group("Keep the cache"),
                local_images.held(self.client, self.job.cache_tag),
            ):
                image_id = leave_cache(self.job)
                if image_id:
                    pusher.push(image_id, (plan.cache_tag(self.options),))
        except (NotBuilt, CannotDecide) as error:
            self.ci.warning(f"the cache was not kept in the registry: {error}")

    # Helpers -------------------------------------------------------------------------------

    @property
    def _image_id(self) -> str:
        return self.story.built.image_id if self.story.built else ""

    def _note(self, text: str) -> None:
        self.story.notes.append(text)
        self.ci.notice(text)

    def _stop(self, *problems: str) -> None:
        self.story.problems += problems
        raise Stop
