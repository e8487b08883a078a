"""Reading the environment."""

from datetime import timedelta
from pathlib import Path

import pytest

from crossdock import settings
from crossdock.errors import SetupError
from crossdock.settings import Settings


def test_an_empty_environment_gives_safe_defaults():
    assert settings.read({}) == (Settings(), [])
    assert Settings().host == "127.0.0.1"
    assert not Settings().allow_internal_addresses


def test_values_are_typed():
    read, _ = settings.read(
        {
            "CROSSDOCK_PORT": "0",
            "CROSSDOCK_DATA": "/srv/crossdock",
            "CROSSDOCK_SESSION_LIFETIME": "30m",
            "CROSSDOCK_ALLOW_INTERNAL_ADDRESSES": "Yes",
            "CROSSDOCK_PUBLIC_URL": "https://orders.example.com/",
        }
    )
    assert read.port == 0
    assert read.data == Path("/srv/crossdock")
    assert read.session_lifetime == timedelta(minutes=30)
    assert read.allow_internal_addresses is True
    assert read.public_url == "https://orders.example.com"


def test_an_empty_value_counts_as_unset():
    assert settings.read({"CROSSDOCK_DATABASE_URL": ""})[0].database_url is None


def test_a_slip_of_the_pen_is_reported_and_other_programs_names_are_not():
    _, warnings = settings.read({"CROSSDOCK_PROT": "1", "PATH": "/bin", "CROSSDOCK_CORPUS": "/x"})
    assert warnings == ["CROSSDOCK_PROT is not a setting of Crossdock; see docs/settings.md"]


def test_all_wrong_values_are_named_at_once_and_none_is_shown():
    with pytest.raises(SetupError) as e:
        settings.read({"CROSSDOCK_PORT": "99999", "CROSSDOCK_DATABASE_URL": "hush", "CROSSDOCK_SESSION_LIFETIME": "1w"})
    for variable in ("CROSSDOCK_PORT", "CROSSDOCK_DATABASE_URL", "CROSSDOCK_SESSION_LIFETIME"):
        assert variable in str(e.value)
    assert "hush" not in str(e.value)


def test_the_embedded_database_has_a_name_of_ours():
    assert settings.read({"CROSSDOCK_DATABASE_NAME": "crossdock_demo"})[0].database_name == "crossdock_demo"
    for wrong in ("postgres", 'a"b', "Demo"):
        with pytest.raises(SetupError):
            settings.read({"CROSSDOCK_DATABASE_NAME": wrong})
