"""The client against servers that err: logins, tokens, redirects, sizes, broken connections."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from base64 import b64encode
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.support.http_stand_in import Answer, Asked, stand_in

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.oci import MANIFEST, Registry, digest_of
from ci_gen_actions.core.oci_auth import parse_challenges

PASSWORD = "hunter2-and-more"
DATA = json.dumps({"schemaVersion": 2}).encode()
FOUND = Answer(
    headers={"Content-Type": MANIFEST, "Docker-Content-Digest": digest_of(DATA)}, body=DATA
)
BASIC = "Basic " + b64encode(f"ci:{PASSWORD}".encode()).decode()


def client(host: str, *, pauses: tuple[float, ...] = (0.0, 0.0), password: str = "") -> Registry:
    user = "ci" if password else ""
    return Registry(host, username=user, password=password, pauses=pauses, timeout=5)


def test_basic_only_after_it_was_asked_for() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.headers.get("Authorization") == BASIC:
            return FOUND
        return Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    with stand_in(answer) as server:
        registry = client(server.host, password=PASSWORD)
        assert registry.manifest("a", "t") is not None
        assert registry.manifest("a", "t") is not None
        sent = [each.headers.get("Authorization") for each in server.asked]
        assert sent == [None, BASIC, BASIC]


@pytest.mark.parametrize("echo", [PASSWORD, BASIC, BASIC.removeprefix("Basic ")])
def test_a_wrong_password_is_named_by_no_error(echo: str) -> None:
    told = json.dumps({"errors": [{"code": "UNAUTHORIZED", "message": f"not {echo}"}]}).encode()

    def answer(_: Asked) -> Answer:
        return Answer(status=401, headers={"WWW-Authenticate": "Basic"}, body=told)

    with stand_in(answer) as server:
        with pytest.raises(CannotDecide, match="refused access") as caught:
            client(server.host, password=PASSWORD).manifest("team/app", "t")
        text = str(caught.value)
        assert f"{server.host}/team/app" in text
        assert "UNAUTHORIZED" in text
        assert PASSWORD not in text
        assert BASIC.removeprefix("Basic ") not in text
        assert len(server.asked) == 2  # a wrong password is not tried again


def test_without_a_password_the_error_asks_for_one() -> None:
    def answer(_: Asked) -> Answer:
        return Answer(status=401, headers={"WWW-Authenticate": "Basic"})

    with (
        stand_in(answer) as server,
        pytest.raises(CannotDecide, match="give a user name and a password"),
    ):
        client(server.host).manifest("a", "t")


def test_a_token_of_the_realm_for_what_is_done() -> None:
    host = ""

    def answer(asked: Asked) -> Answer:
        url = urlsplit(asked.path)
        if url.path == "/token":
            scopes = parse_qs(url.query)["scope"]
            assert parse_qs(url.query)["service"] == ["it"]
            assert asked.headers.get("Authorization") == BASIC
            token = "wide" if any("push" in each for each in scopes) else "narrow"
            return Answer(body=json.dumps({"token": token}).encode())
        allowed = ("Bearer wide", "Bearer narrow") if asked.method == "GET" else ("Bearer wide",)
        if asked.headers.get("Authorization") in allowed:
            return FOUND if asked.method == "GET" else Answer(status=201)
        # As some registries do: the scope that is named is that of reading, whatever was refused.
        challenge = (
            f'Bearer realm="http://{host}/token",service="it",scope="repository:team/app:pull"'
        )
        return Answer(status=401, headers={"WWW-Authenticate": challenge})

    with stand_in(answer) as server:
        host = server.host
        registry = client(server.host, password=PASSWORD)
        assert registry.manifest("team/app", "t") is not None
        assert registry.push_manifest("team/app", "u", DATA, MANIFEST) == digest_of(DATA)
        assert registry.manifest("team/app", "t") is not None
        tokens = [each.path for each in server.asked if each.path.startswith("/token")]
        assert len(tokens) == 2  # one to read, a wider one to write, which reads as well
        sent = {each.headers.get("Authorization") for each in server.asked}
        assert sent == {None, BASIC, "Bearer narrow", "Bearer wide"}


@pytest.mark.parametrize(
    "realm",
    [
        "http://tokens.example.org/t",
        "ftp://127.0.0.1/t",
        "",
        "https://u@evil/t",
        "file:///etc/passwd",
    ],
)
def test_no_password_for_a_realm_without_tls(realm: str) -> None:
    def answer(_: Asked) -> Answer:
        return Answer(status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})

    with (
        stand_in(answer) as server,
        pytest.raises(CannotDecide, match="token service that is not trusted"),
    ):
        client(server.host, password=PASSWORD).manifest("a", "t")


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, b"", "refused access"),
        (200, b"{}", "gave no token"),
        (200, b"[1]", "gave no token"),
        (200, b'{"token": "a\\r\\nX: y"}', "gave no token"),
        (302, b"", "gave no token"),
        (404, b"", "gave no token"),
    ],
)
def test_a_realm_that_gives_no_token(status: int, body: bytes, message: str) -> None:
    host = ""

    def answer(asked: Asked) -> Answer:
        if asked.path.startswith("/token"):
            return Answer(status=status, body=body, headers={"Location": "/elsewhere"})
        return Answer(
            status=401, headers={"WWW-Authenticate": f'Bearer realm="http://{host}/token"'}
        )

    with stand_in(answer) as server:
        host = server.host
        with pytest.raises(CannotDecide, match=message):
            client(server.host, password=PASSWORD).manifest("a", "t")
        assert not [each for each in server.asked if each.path == "/elsewhere"]


def test_a_redirect_to_another_host_sees_no_credentials() -> None:
    blob = b"some bytes"
    with stand_in(lambda _: Answer(body=blob)) as store:

        def answer(asked: Asked) -> Answer:
            if "Authorization" not in asked.headers:
                return Answer(status=401, headers={"WWW-Authenticate": "Basic"})
            return Answer(status=307, headers={"Location": f"http://{store.host}/bytes"})

        with stand_in(answer) as server:
            registry = client(server.host, password=PASSWORD)
            assert registry.blob("a", digest_of(blob)) == blob
        assert [each.headers.get("Authorization") for each in store.asked] == [None]


def test_a_redirect_without_protection_is_not_followed() -> None:
    def answer(_: Asked) -> Answer:
        return Answer(status=307, headers={"Location": "http://store.example.org/bytes"})

    with (
        stand_in(answer) as server,
        pytest.raises(CannotDecide, match=r"store\.example\.org, which is not protected"),
    ):
        client(server.host).blob("a", digest_of(b""))


def test_redirects_end() -> None:
    with (
        stand_in(lambda _: Answer(status=302, headers={"Location": "/again"})) as server,
        pytest.raises(CannotDecide, match="more than 5 redirects"),
    ):
        client(server.host).manifest("a", "t")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_registry_is_asked_again(status: int) -> None:
    left = [Answer(status=status, headers={"Retry-After": "0"}), Answer(status=status), FOUND]
    with stand_in(lambda _: left.pop(0)) as server:
        assert client(server.host).manifest("a", "t") is not None


def test_a_busy_registry_is_not_asked_for_ever() -> None:
    with (
        stand_in(lambda _: Answer(status=503)) as server,
        pytest.raises(CannotDecide, match="it answered 503"),
    ):
        client(server.host).manifest("a", "t")
    assert len(server.asked) == 3


def test_a_cut_answer_is_asked_for_again() -> None:
    left = [Answer(headers=FOUND.headers, body=FOUND.body, cut=3), FOUND]
    with stand_in(lambda _: left.pop(0)) as server:
        found = client(server.host).manifest("a", "t")
        assert found is not None
        assert found.data == DATA


def test_nobody_there() -> None:
    with stand_in(lambda _: FOUND) as server:
        host = server.host
    with pytest.raises(CannotDecide, match="could not be reached") as caught:
        client(host).manifest("team/app", "t")
    assert f"GET {host}/team/app" in str(caught.value)


def test_bytes_that_are_not_those_of_the_digest() -> None:
    with stand_in(lambda _: Answer(body=b"{}")) as server:
        with pytest.raises(CannotDecide, match="not those of their digest"):
            client(server.host).manifest("a", digest_of(b"other"))
        with pytest.raises(CannotDecide, match="not those of their digest"):
            client(server.host).blob("a", digest_of(b"other"))


def test_a_tag_whose_bytes_are_not_those_that_the_registry_names() -> None:
    headers = {"Docker-Content-Digest": digest_of(b"other")}
    with (
        stand_in(lambda _: Answer(headers=headers, body=DATA)) as server,
        pytest.raises(CannotDecide, match="not those of their digest"),
    ):
        client(server.host).manifest("a", "t")


def test_a_body_without_end_is_not_read() -> None:
    data = b"x" * 2000
    with stand_in(lambda _: Answer(body=data)) as server:
        with pytest.raises(CannotDecide, match="larger than 1999 bytes"):
            client(server.host).blob("a", digest_of(data), limit=1999)
        assert client(server.host).blob("a", digest_of(data), limit=2000) == data


def test_an_upload_that_is_sent_elsewhere_takes_no_credentials_along() -> None:
    with stand_in(lambda _: Answer(status=201)) as store:

        def answer(asked: Asked) -> Answer:
            if "Authorization" not in asked.headers:
                return Answer(status=401, headers={"WWW-Authenticate": "Basic"})
            if asked.method == "HEAD":
                return Answer(status=404)
            return Answer(status=202, headers={"Location": f"http://{store.host}/up?state=1"})

        with stand_in(answer) as server:
            client(server.host, password=PASSWORD).push_blob("a", b"data")
        (put,) = store.asked
        assert put.body == b"data"
        assert "Authorization" not in put.headers
        assert put.path == "/up?state=1&digest=" + digest_of(b"data").replace(":", "%3A")


def test_an_upload_over_an_unprotected_address_is_refused() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method == "HEAD":
            return Answer(status=404)
        return Answer(status=202, headers={"Location": "http://registry.example.org/up"})

    with stand_in(answer) as server, pytest.raises(CannotDecide, match="cannot be written to"):
        client(server.host).push_blob("a", b"data")


def test_a_registry_that_stores_something_else() -> None:
    def answer(_: Asked) -> Answer:
        return Answer(status=201, headers={"Docker-Content-Digest": digest_of(b"other")})

    with stand_in(answer) as server, pytest.raises(CannotDecide, match="stored something else"):
        client(server.host).push_manifest("a", "t", DATA, MANIFEST)


def test_tags_over_several_pages() -> None:
    pages = [
        Answer(
            headers={"Link": '</v2/a/tags/list?n=2&last=b>; rel="next"'},
            body=b'{"tags": ["b", "a"]}',
        ),
        Answer(body=b'{"tags": ["c", null]}'),
    ]
    with stand_in(lambda _: pages.pop(0)) as server:
        assert client(server.host).tags("a") == ("a", "b", "c")
        assert server.asked[1].path == "/v2/a/tags/list?n=2&last=b"


def test_no_url_is_made_of_what_is_no_name() -> None:
    registry = client("127.0.0.1:1")
    with pytest.raises(UsageError, match="no repository"):
        registry.manifest("../v2/x", "t")
    with pytest.raises(UsageError, match="neither a tag nor a digest"):
        registry.manifest("a", "t/../../x")
    with pytest.raises(UsageError, match="no digest"):
        registry.blob("a", "t")
    with pytest.raises(UsageError, match="colon"):
        Registry("ghcr.io", username="a:b", password="c")


def test_https_is_what_other_hosts_are_asked_by() -> None:
    with stand_in(lambda _: FOUND) as server:
        registry = Registry(server.host, plain_http=False, pauses=(), timeout=5)
        with pytest.raises(CannotDecide, match="could not be reached"):
            registry.manifest("a", "t")
        assert not server.asked


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for loopback that only those trust who are told of it, with its key."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not on PATH")
    file = tmp_path / "loopback.pem"
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(file))
    subject = ("-subj", "/CN=loopback", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(
        ["openssl", "req", "-x509", *key, "-days", "2", "-out", f"{file}.crt", *subject],
        check=True,
        capture_output=True,
    )
    with file.open("a") as key_and_certificate:
        key_and_certificate.write(Path(f"{file}.crt").read_text())
    return file


def test_certificates_are_checked(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with stand_in(lambda _: FOUND, context) as server:
        monkeypatch.setenv("SSL_CERT_FILE", "/nothing")
        untold = Registry(server.host, plain_http=False, pauses=(60.0,), timeout=5)
        with pytest.raises(CannotDecide, match="certificate verify failed"):
            untold.manifest("a", "t")  # at once: trying again cannot help
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        told = Registry(server.host, plain_http=False, pauses=(), timeout=5)
        assert told.manifest("a", "t") is not None
        assert len(server.asked) == 1


def test_no_step_down_from_https(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    answer = Answer(status=307, headers={"Location": "http://registry.example.org/v2/"})
    with stand_in(lambda _: answer, context) as server:
        registry = Registry(server.host, plain_http=False, pauses=(), timeout=5)
        with pytest.raises(CannotDecide, match="which is not protected"):
            registry.manifest("a", "t")


def test_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with stand_in(lambda _: Answer(status=502)) as proxy:
        for name in ("https_proxy", "HTTPS_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.host}")
        with pytest.raises(CannotDecide, match="could not be reached"):
            client("registry.example.org", pauses=(), password=PASSWORD).manifest("a", "t")
        (asked,) = proxy.asked
        assert (asked.method, asked.path) == ("CONNECT", "registry.example.org:443")
        assert "Authorization" not in asked.headers
        with stand_in(lambda _: FOUND) as local:  # loopback is no matter of a proxy
            assert client(local.host).manifest("a", "t") is not None
        assert len(proxy.asked) == 1


def test_repr_shows_no_password() -> None:
    registry = client("127.0.0.1:1", password=PASSWORD)
    assert PASSWORD not in repr(vars(registry)) + repr(vars(registry._http))


@pytest.mark.parametrize(
    ("header", "scheme", "parameters"),
    [
        ('Basic realm="a, b"', "basic", {"realm": "a, b"}),
        ('bearer service=s , scope="a b"', "bearer", {"service": "s", "scope": "a b"}),
        (r'Bearer realm="a\"b"', "bearer", {"realm": 'a"b'}),
        ("Negotiate", "negotiate", {}),
    ],
)
def test_challenges(header: str, scheme: str, parameters: dict[str, str]) -> None:
    (found,) = parse_challenges([header])
    assert (found.scheme, found.parameters) == (scheme, parameters)
