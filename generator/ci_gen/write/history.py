"""What is known of a file from earlier runs: the lock, the base text, an interrupted run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ci_gen.write.digest import digest_text
from ci_gen.write.disk import File, read
from ci_gen.write.journal import Journal
from ci_gen.write.lock import Entry, Lock
from ci_gen.write.merge import distance
from ci_gen.write.root import BASE


@dataclass(frozen=True, kw_only=True)
class Known:
    """A file's past.

    `entries` are the candidates for what was last recorded: one, or more after a git merge
    or an interrupted run. `bases` maps the digest of a rendered text to that text, proved by
    the digest; `stored` is the base text as it lies on disk, proved or not; `forked` says
    that two branches recorded different things.
    """

    entries: tuple[Entry, ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict)
    stored: str | None = None
    forked: bool = False

    @property
    def rendered(self) -> Collection[str]:
        """The digests of the texts that may have been rendered last."""
        return {entry.rendered for entry in self.entries}

    def unedited(self, file: File) -> bool:
        """Whether `file` is what was rendered, with no hand edit in it."""
        return file.digest in self.rendered

    def match(self, file: File) -> Entry | None:
        """The record that names exactly what lies on disk."""
        return next((entry for entry in self.entries if entry.disk == file.digest), None)

    def base_of(self, entry: Entry | None, new: str = "") -> str | None:
        """The text that `entry` was rendered as, if at hand; `new` may be that very text."""
        return self._texts(new).get(entry.rendered) if entry else None

    def nearest_base(self, text: str, new: str) -> str | None:
        """The text that `text` was most likely edited from: the one that differs least."""
        texts = self._texts(new).values()
        return min(texts, key=lambda base: distance(base, text), default=None)

    def _texts(self, new: str) -> Mapping[str, str]:
        """Every text that may have been rendered last and is at hand, by digest."""
        of_new = digest_text(new)
        return {**self.bases, of_new: new} if of_new in self.rendered else self.bases


def histories(
    root: str, lock: Lock, journal: Journal, files: Mapping[str, File]
) -> dict[str, Known]:
    """The past of every path that the lock or an interrupted run names.

    `files` holds each of these paths as it lies on disk.
    """
    return {
        path: known
        for path in sorted(lock.paths() | set(journal.files))
        if (known := _history(root, files[path], lock, journal)).entries
    }


def _history(root: str, file: File, lock: Lock, journal: Journal) -> Known:
    """Gather what is known of one path.

    Where a run was interrupted, the file itself says which record holds: the journal's for
    one that is new already, the lock's for one that is still old, and either may hold for
    one that was edited since.
    """
    entries = list(lock.entries(file.path))
    bases: list[str] = []
    base = read(root, f"{BASE}/{file.path}")
    stored = base.text if base.exists else None
    step = journal.files.get(file.path)
    if step and (file.digest != step.old or step.old == step.new):
        if file.digest == step.new:
            entries = []
        entries += [step.entry] if step.entry else []
        bases += [journal.bases[file.path]] if file.path in journal.bases else []
    bases += [stored] if stored is not None else []
    rendered = {entry.rendered for entry in entries}
    return Known(
        entries=tuple(dict.fromkeys(entries)),
        bases={key: text for text in bases if (key := digest_text(text)) in rendered},
        stored=stored,
        forked=len(lock.entries(file.path)) > 1,
    )
