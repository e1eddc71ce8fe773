"""A store without the master key that its secrets were sealed with: said at the start, not found out by silence."""

import json
import logging
import shutil
import sqlite3
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.processes import free_port
from tests.server.test_admin import run
from tests.serving import serving

URL = "https://example.com/in"


async def store_with_a_secret(folder: Path, **settings: str) -> Path:
    """Make `hookwright.db` with a signed webhook in a folder, and its master key, unless the settings have one."""
    database = f"sqlite:///{folder / 'hookwright.db'}"
    async with serving(folder, with_worker=False, database_url=database, **settings) as api:
        await api.webhook(URL)
    return folder / "hookwright.db"


async def test_serve_refuses_a_copied_store_without_its_master_key_each_time(tmp_path: Path):
    copied = tmp_path / "copy" / ".hookwright"
    copied.mkdir(parents=True)
    shutil.copy(await store_with_a_secret(tmp_path / "home"), copied)
    for _ in range(2):
        done = run(copied.parent, "serve", "--port", str(free_port()))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(
            "error: HOOKWRIGHT_MASTER_KEY: is not set and there is no file .hookwright/master.key"
        )
        assert "sealed with another key" in done.stderr
        assert "Bring back the master.key" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert not (copied / "master.key").exists()
    shutil.copy(tmp_path / "home" / "master.key", copied)
    async with serving(copied, with_worker=False, database_url=f"sqlite:///{copied / 'hookwright.db'}") as api:
        assert (await api.get("/v1/webhooks"))["total"] == 1


async def test_serve_refuses_the_master_key_file_of_another_store_and_keeps_it(tmp_path: Path):
    await store_with_a_secret(tmp_path / ".hookwright")
    key, other = tmp_path / ".hookwright" / "master.key", Fernet.generate_key()
    key.write_bytes(other)
    done = run(tmp_path, "serve", "--port", str(free_port()))
    assert done.returncode == 2
    assert "the key of another database is in .hookwright/master.key" in done.stderr
    assert other.decode() not in done.stderr
    assert key.read_bytes() == other


async def test_a_key_file_that_opens_only_an_old_secret_is_the_right_one(tmp_path: Path):
    database = f"sqlite:///{await store_with_a_secret(tmp_path)}"
    async with serving(
        tmp_path, with_worker=False, master_key=Fernet.generate_key().decode(), database_url=database
    ) as api:
        for _ in range(25):
            await api.webhook(URL)
    async with serving(tmp_path, with_worker=False, database_url=database) as api:
        assert (await api.get("/v1/webhooks"))["total"] == 26


async def test_a_store_in_which_nothing_is_sealed_gets_a_new_key(tmp_path: Path):
    (await store_with_a_secret(tmp_path)).with_name("master.key").unlink()
    with sqlite3.connect(tmp_path / "hookwright.db") as connection:
        connection.execute("UPDATE webhooks SET deleted_at = created_at")
    connection.close()
    async with serving(tmp_path, with_worker=False, database_url=f"sqlite:///{tmp_path / 'hookwright.db'}"):
        assert (tmp_path / "master.key").exists()


@pytest.mark.both_databases
async def test_a_key_that_opens_nothing_is_in_log_readiness_and_diagnosis(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    async with serving(tmp_path, master_key=old) as api:
        webhook = await api.webhook(URL)
        assert (await api.get("/readyz"))["checks"]["secrets"] == {"ok": True}
    with caplog.at_level(logging.ERROR, "hookwright.engine"):
        async with serving(tmp_path, master_key=new) as api:
            checks = (await api.get("/readyz"))["checks"]
            assert not checks["secrets"]["ok"]
            assert "the master key (HOOKWRIGHT_MASTER_KEY) is not the one" in checks["secrets"]["detail"]
            assert old not in json.dumps(checks) + caplog.text
            found = await api.get(f"/v1/webhooks/{webhook['id']}/diagnosis", probe="false")
            assert found["cause"] == "local_error"
            assert "master key does not open" in found["summary"]
            await api.webhook(URL)
            assert (await api.get("/readyz"))["checks"]["secrets"] == {"ok": True}
    assert "Nothing that needs a secret is delivered: the master key" in caplog.text


async def test_several_keys_open_what_one_of_them_sealed(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    await store_with_a_secret(tmp_path, master_key=old)
    database = f"sqlite:///{tmp_path / 'hookwright.db'}"
    async with serving(tmp_path, master_key=f"{new},{old}", database_url=database) as api:
        assert (await api.get("/readyz"))["checks"]["secrets"] == {"ok": True}
    assert "master key" not in caplog.text
