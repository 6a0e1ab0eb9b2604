"""A paper: its claims, its seeds, and the hash of the protocol that was fixed before the run."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imbal_lab.claims.claim import Claim


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The claims of one paper, and everything that was decided before they were measured.

    ``protocol`` is the file that defines claims, settings, statistics, rules and seeds, or a
    folder of such files. Raises ValueError for two claims with one id, and for a quoted seed
    that was used in development.
    """

    name: str  # of its files in course/claims/, and on the command line
    title: str
    citation: str
    note: str  # what is known of the paper's own numbers, and what is common to all settings
    protocol: Path
    development: Sequence[int]  # seeds used while the measurements were written
    quoted: Sequence[int]  # seeds of the results on the page
    claims: tuple[Claim, ...]

    def __post_init__(self) -> None:
        ids = [claim.id for claim in self.claims]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"claims: each id may be used once, these are used twice: {twice}")
        both = sorted(set(self.development) & set(self.quoted))
        if both:
            raise ValueError(f"quoted: seeds {both} were used in development; take fresh ones")

    @property
    def files(self) -> list[Path]:
        """The files of the protocol, by name."""
        return sorted(self.protocol.glob("*.py")) if self.protocol.is_dir() else [self.protocol]

    @property
    def hash(self) -> str:
        """SHA-256 of the protocol, as `cat FILES | sha256sum` prints it; line ends as in git."""
        text = "".join(file.read_text(encoding="utf-8") for file in self.files)
        return hashlib.sha256(text.encode()).hexdigest()
