"""The master key of a process, and whether it is the one that the store's secrets were sealed with."""

import logging
from collections.abc import Sequence
from pathlib import Path

from rules.errors import InvalidInput
from store.sealed import newest_sealed
from store.sealing import SealingBox, load_master_keys
from store.session import Database

VARIABLE = "HOOKWRIGHT_MASTER_KEY"

log = logging.getLogger("hookwright.engine")


class MasterKey:
    """The keys of the setting, or of the file, which is made where there is neither.

    Args:
        value: What HOOKWRIGHT_MASTER_KEY holds, if it is set.
        path: The file.

    """

    def __init__(self, value: str | None, path: Path) -> None:
        self._path = path
        self._from_setting = bool(value)
        self._is_new = not value and not path.exists()
        self.box = SealingBox(load_master_keys(value, path))

    async def check(self, database: Database) -> None:
        """Compare the keys with what is stored: nothing that is sealed with others can be sent.

        A file that was made only just is removed again. Of keys in the variable, the log says that they open nothing:
        who has lost the right one for good goes on with another.

        Raises:
            InvalidInput: The file is missing, or its keys open none of the secrets that are stored.

        """
        async with database.read() as connection:
            problem = self.problem(await newest_sealed(connection))
            problem = problem and self.problem(await newest_sealed(connection, each=None))
        if problem is None:
            return
        if self._from_setting:
            log.error("Nothing that needs a secret is delivered: %s", problem)
            return
        found = "there is no file" if self._is_new else "the key of another database is in"
        if self._is_new:
            self._path.unlink(missing_ok=True)
        raise InvalidInput.of(
            VARIABLE,
            f"is not set and {found} {self._path}, but the database holds secrets of webhooks or API calls that were "
            "sealed with another key. Bring back the master.key that belongs to this database, or set "
            f"{VARIABLE} to what it held. docs/operations.md says what to do if it is lost for good",
        )

    def problem(self, stored: Sequence[str]) -> str | None:
        """Say what is wrong if the keys open none of some sealed values; None when all is well."""
        if not stored or any(map(self.box.opens, stored)):
            return None
        which = VARIABLE if self._from_setting else "the file master.key"
        return (
            f"the master key ({which}) is not the one that the stored secrets were sealed with. "
            f"Bring back the right master.key, or set {VARIABLE} to it"
        )
