"""What a system or a failed transport says back is stored and read by people: no secret may be in it."""

from datetime import UTC, datetime
from uuid import uuid4

from crossdock.engine.functions import Functions
from crossdock.flow import secrets, web
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Done, Failed, Invocation, Unknown

VALUES = {"token": "p@ss w0rd/1", "login": {"user": "crossdock", "password": "hunter22"}, "pin": "1234"}


def test_a_secret_is_taken_out_of_texts_names_and_addresses() -> None:
    said = {"echo": ["Bearer p@ss w0rd/1"], "at": "https://x/y?key=p%40ss+w0rd%2F1&p=p%40ss%20w0rd%2F1", "hunter22": 1}
    assert secrets.hide(said, ("token", "login"), VALUES) == {
        "echo": ["Bearer ***"], "at": "https://x/y?key=***&p=***", "***": 1
    }  # fmt: skip
    assert secrets.hide(said, (), VALUES) == said
    assert secrets.hide("order 1234", ("pin",), VALUES) == "order 1234", "too short to be told from a word"


def test_what_is_said_of_a_failure_is_without_the_secrets_of_its_call() -> None:
    functions = Functions({}, {}, lambda _tenant: VALUES)
    call = Invocation(
        tenant_id="t", instance_id=uuid4(), at="/do/0#1", key="k", function="http", arguments={},
        now=datetime(2026, 3, 2, tzinfo=UTC),
    )  # fmt: skip
    error = Error("x", 500, "POST http://x/hunter22 answered 500", "p@ss w0rd/1 is wrong", extra={"sent": "hunter22"})
    hidden = functions.hidden(call, ("token", "login"), Failed(error))
    assert isinstance(hidden, Failed)
    assert (hidden.error.title, hidden.error.detail) == ("POST http://x/*** answered 500", "*** is wrong")
    assert hidden.error.extra == {"sent": "***"}
    answer = Done({"of": "crossdock"})
    assert functions.hidden(call, ("login",), answer) == answer, "data of the system, which may be named so"
    assert functions.hidden(call, ("login",), Unknown("hunter22: reset")) == Unknown("***: reset")


def test_an_address_is_shown_without_password_and_query() -> None:
    assert web.shown("https://me:pw@host:8443/a/b?key=s#f") == "https://host:8443/a/b?…"
    assert web.shown("http://host/a") == "http://host/a"
    assert web.shown("http://host") == "http://host"
