from __future__ import annotations

import base64
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from tests.support.http_stand_in import Answer, Asked, stand_in

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.fetch_model.failures import Failure
from ci_gen_actions.fetch_model.http_client import HttpClient


def client(*, allow_http: bool = False, **environ: str) -> HttpClient:
    return HttpClient(environ, stall=5, allow_http=allow_http)


def bearer(_again: bool) -> str:
    return "Bearer secret-token"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_credentials_stay_at_home() -> None:
    """A redirect to another host is followed without them; one at home keeps them."""
    with stand_in(lambda _: Answer(body=b"data")) as elsewhere:

        def answer(asked: Asked) -> Answer:
            there = "/second" if asked.path == "/first" else f"http://{elsewhere.host}/third"
            return Answer(status=302, headers={"Location": there})

        with stand_in(answer) as home:
            response, url = client().get(f"http://{home.host}/first", {}, bearer)
            assert response.read() == b"data"
    assert url == f"http://{elsewhere.host}/third"
    assert [each.headers.get("Authorization") for each in home.asked] == ["Bearer secret-token"] * 2
    assert [each.headers.get("Authorization") for each in elsewhere.asked] == [None]
    assert "secret-token" not in str(elsewhere.asked)


def test_another_port_is_another_host() -> None:
    with stand_in(lambda _: Answer()) as other:
        target = f"http://127.0.0.1:{other.host.rpartition(':')[2]}/"
        answer = Answer(status=307, headers={"Location": target})
        with stand_in(lambda _: answer) as home:
            client().get(f"http://{home.host}/", {}, bearer)
    assert "Authorization" not in other.asked[0].headers


def test_coming_home_again_they_are_sent_again() -> None:
    with stand_in(lambda _: Answer()) as home:
        back = Answer(status=302, headers={"Location": f"http://{home.host}/end"})
        with stand_in(lambda _: back) as other:
            home.answer = lambda asked: (
                Answer()
                if asked.path == "/end"
                else Answer(status=302, headers={"Location": f"http://{other.host}/"})
            )
            client().get(f"http://{home.host}/", {}, bearer)
    assert "Authorization" not in other.asked[0].headers
    assert home.asked[-1].headers["Authorization"] == "Bearer secret-token"


def test_a_refused_token_is_renewed_once() -> None:
    tokens = iter(("old", "new", "newer"))

    def answer(asked: Asked) -> Answer:
        return Answer(status=200 if asked.headers.get("Authorization") == "new" else 401)

    with stand_in(answer) as server:
        response, _ = client().get(f"http://{server.host}/", {}, lambda _again: next(tokens))
        assert response.status == 200
        response, _ = client().get(f"http://{server.host}/", {}, lambda _again: "old")
        assert response.status == 401
    assert len(server.asked) == 4


def test_redirects_in_a_circle_end() -> None:
    circle = Answer(status=302, headers={"Location": "/"})
    with (
        stand_in(lambda _: circle) as server,
        pytest.raises(Failure, match="more than 10 times") as caught,
    ):
        client().get(f"http://{server.host}/", {})
    assert caught.value.final


@pytest.mark.parametrize(
    "target",
    [
        "http://models.example.org/m",
        "ftp://127.0.0.1/m",
        "file:///etc/passwd",
        "http://u:p@127.0.0.1/",
    ],
)
def test_redirects_that_are_not_followed(target: str) -> None:
    away = Answer(status=302, headers={"Location": target})
    with (
        stand_in(lambda _: away) as server,
        pytest.raises(Failure, match="which is not protected") as caught,
    ):
        client().get(f"http://{server.host}/", {})
    assert caught.value.final
    assert "u:p" not in str(caught.value)


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
    with file.open("a") as both:
        both.write(Path(f"{file}.crt").read_text())
    return file


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_are_checked(certificate: Path, variable: str) -> None:
    with stand_in(lambda _: Answer(body=b"data"), tls(certificate)) as server:
        url = f"https://{server.host}/"
        with pytest.raises(Failure, match="certificate is not trusted") as caught:
            client().get(url, {})
        assert caught.value.final
        assert "SSL_CERT_FILE" in caught.value.next
        response, _ = client(**{variable: f"{certificate}.crt"}).get(url, {})
        assert response.read() == b"data"


def test_ssl_cert_file(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    with stand_in(lambda _: Answer(body=b"data"), tls(certificate)) as server:
        response, _ = client().get(f"https://{server.host}/", {})
        assert response.read() == b"data"


def test_certificates_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("no certificate")
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE"):
        client(REQUESTS_CA_BUNDLE=str(tmp_path / "ca")).get("https://127.0.0.1:1/", {})


def test_no_step_down_from_https(certificate: Path) -> None:
    down = Answer(status=302, headers={"Location": "http://127.0.0.1:1/"})
    with stand_in(lambda _: down, tls(certificate)) as server:
        one = client(allow_http=True, CURL_CA_BUNDLE=f"{certificate}.crt")
        with pytest.raises(Failure, match="which is not protected"):
            one.get(f"https://{server.host}/", {})


def test_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with stand_in(lambda _: Answer(body=b"data")) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:pass%40word@{proxy.host}")
        response, _ = client(allow_http=True).get("http://models.example.org/m.gguf", {}, bearer)
        assert response.read() == b"data"
    (asked,) = proxy.asked
    assert asked.path == "http://models.example.org/m.gguf"
    login = base64.b64encode(b"me:pass@word").decode()
    assert asked.headers["proxy-authorization"] == f"Basic {login}"


def test_a_proxy_sees_nothing_of_https(monkeypatch: pytest.MonkeyPatch) -> None:
    with stand_in(lambda _: Answer(status=403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
        with pytest.raises(Failure):
            client().get("https://models.example.org/m.gguf", {}, bearer)
    (asked,) = proxy.asked
    assert (asked.method, asked.path) == ("CONNECT", "models.example.org:443")
    assert "Authorization" not in asked.headers


def test_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "models.invalid")
    with pytest.raises(Failure, match="resolve"):
        client(allow_http=True).get("http://models.invalid/m", {})
    with stand_in(lambda _: Answer(body=b"data")) as server:
        response, _ = client().get(f"http://{server.host}/", {})
        assert response.read() == b"data"


def test_a_proxy_of_an_unknown_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://user:hidden@127.0.0.1:1080")
    with pytest.raises(Failure, match="socks5") as caught:
        client().get("https://models.example.org/", {})
    assert "hidden" not in str(caught.value)
