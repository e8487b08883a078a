"""Secrets of workflows from files: whose they are, and what they become."""

from pathlib import Path

import pytest

from crossdock.engine.vault import Vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    for tenant, name, text in (
        ("norrland", "token", "s3cret\n"),
        ("norrland", "login", '{"username": "u", "password": "p"}'),
        ("norrland", "digits", "007"),
        ("castell", "theirs", "not yours"),
    ):
        (tmp_path / tenant).mkdir(exist_ok=True)
        (tmp_path / tenant / name).write_text(text)
    return Vault(tmp_path)


def test_a_file_is_a_text_or_the_object_it_holds(vault: Vault) -> None:
    ours = vault.of("norrland")
    assert dict(ours) == {"digits": "007", "login": {"username": "u", "password": "p"}, "token": "s3cret"}


@pytest.mark.parametrize("name", ["theirs", "../castell/theirs", "..", "", "/etc/hostname"])
def test_no_name_reaches_what_is_anothers(vault: Vault, name: str) -> None:
    with pytest.raises(KeyError):
        vault.of("norrland")[name]
    assert dict(vault.of("..")) == {}


def test_where_no_directory_is_named_there_are_no_secrets() -> None:
    assert dict(Vault(None).of("norrland")) == {}
