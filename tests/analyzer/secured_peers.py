# SPDX-License-Identifier: GPL-2.0-only
"""Real peers over TCP, TLS, DTLS and WebSocket at once: who says what to whom, and with what keys.

libcoap's clients and servers on OpenSSL and GnuTLS, those without either, and aiocoap's, each talk
from an address of its own where the client lets us choose it.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import aiocoap
from aiocoap import credentials, resource
from decryption.tls_peers import certificate
from peers import PATIENCE, Counter, Text, libcoap, libcoap_server

BUILDS = ("notls", "openssl", "gnutls")
TOOLS = tuple(f"coap-{end}-{build}" for end in ("client", "server") for build in BUILDS)

IDENTITIES = {"ue-1": "secretPSK", "ue-2": "anotherPSK"}
LARGE = b"".join(b"%04d the quick brown fox\n" % number for number in range(160))
TEXT = b"0123456789abcdef" * 100

_CHACHA = "chacha20-poly1305"
_NO_CHACHA = f"tls-disabled-cipher = {_CHACHA}\n"
_CCM_8_ALONE = "".join(
    f"tls-disabled-cipher = {cipher}\n"
    for cipher in (
        *(_CHACHA, "aes-256-gcm", "aes-128-gcm", "aes-256-ccm", "aes-128-ccm", "aes-256-ccm-8"),
        *("aes-256-cbc", "aes-128-cbc", "camellia-256-gcm", "camellia-128-gcm"),
    )
)
PRIORITIES = {"": "", "no-chacha": _NO_CHACHA, "ccm-8": _CCM_8_ALONE}
"""What of GnuTLS is switched off, by the name of a file that says so."""


class Talk(NamedTuple):
    """One run of a client of libcoap. `who`: an identity, "certificate", or nothing."""

    client: str
    server: str
    scheme: str
    path: str
    who: str = ""
    more: tuple[str, ...] = ()
    key: str = ""
    """Another than that of the identity."""
    priority: str = "no-chacha"

    @property
    def secured(self) -> bool:
        return self.scheme.startswith("coaps")

    @property
    def reliable(self) -> bool:
        return self.scheme.endswith("+tcp")


_PUT = ("-m", "put", "-f", "large")
_OBSERVE = ("-s", "2")

TALKS = {
    "tcp, notls to openssl": Talk("notls", "openssl", "coap+tcp", "time"),
    "tcp, openssl to gnutls": Talk("openssl", "gnutls", "coap+tcp", "time"),
    "tcp, gnutls to notls": Talk("gnutls", "notls", "coap+tcp", ".well-known/core"),
    "tcp, gnutls to aiocoap": Talk("gnutls", "aiocoap", "coap+tcp", "text"),
    "tcp, a large body": Talk("notls", "notls", "coap+tcp", "example_data", more=_PUT),
    "tcp, an observation": Talk("openssl", "notls", "coap+tcp", "time", more=_OBSERVE),
    "tls, openssl to gnutls": Talk("openssl", "gnutls", "coaps+tcp", "time", "ue-1"),
    "tls, gnutls to openssl": Talk("gnutls", "openssl", "coaps+tcp", "time", "ue-1"),
    "tls, gnutls to gnutls": Talk("gnutls", "gnutls", "coaps+tcp", "time", "ue-2"),
    "tls, certificate": Talk("gnutls", "openssl", "coaps+tcp", "time", "certificate"),
    "tls, an observation": Talk("gnutls", "openssl", "coaps+tcp", "time", "ue-1", _OBSERVE),
    "dtls, one UE": Talk("openssl", "gnutls", "coaps", "time", "ue-1"),
    "dtls, another UE": Talk("openssl", "gnutls", "coaps", "time", "ue-2"),
    "dtls, gnutls to openssl": Talk("gnutls", "openssl", "coaps", "time", "ue-2"),
    "dtls, gnutls to gnutls": Talk("gnutls", "gnutls", "coaps", "time", "ue-1"),
    "dtls, certificate": Talk("gnutls", "openssl", "coaps", "time", "certificate"),
    "dtls, certificate, CCM_8": Talk(
        "gnutls", "openssl", "coaps", "time", "certificate", priority="ccm-8"
    ),
    "dtls, certificate, server logs": Talk("openssl", "gnutls", "coaps", "time", "certificate"),
    "dtls, ChaCha20": Talk("gnutls", "openssl", "coaps", "time", "ue-1", priority=""),
    "dtls, a large body": Talk(
        "openssl", "gnutls", "coaps", "example_data", "ue-1", (*_PUT, "-b", "256")
    ),
    "dtls, an observation": Talk("openssl", "gnutls", "coaps", "time", "ue-1", _OBSERVE),
    "dtls, no log": Talk("openssl", "openssl", "coaps", "time", "ue-1"),
    "tls, wrong key": Talk(
        "openssl", "gnutls", "coaps+tcp", "time", "ue-1", ("-B", "1"), key="wrongPSK"
    ),
    "dtls, wrong key, gnutls": Talk(
        "openssl", "gnutls", "coaps", "time", "ue-1", ("-B", "1"), key="wrongPSK"
    ),
    "dtls, wrong key, openssl": Talk(
        "openssl", "openssl", "coaps", "time", "ue-1", ("-B", "1"), key="wrongPSK"
    ),
}
ADDRESSES = {name: f"127.0.8.{number}" for number, name in enumerate(TALKS, 1)}
"""That of each client."""


class Scene(NamedTuple):
    """The folder of keys and logs, and the ports; aiocoap's are steps above its first."""

    folder: Path
    servers: dict[str, int]

    @property
    def keylog(self) -> Path:
        return self.folder / "keys"

    @property
    def psk_file(self) -> Path:
        return self.folder / "psk"

    def write(self) -> None:
        """All that peers read."""
        (self.folder / "pem").write_bytes(b"".join(certificate()))
        (self.folder / "certificate").write_bytes(certificate()[1])
        (self.folder / "large").write_bytes(LARGE)
        pairs = IDENTITIES.items()
        (self.folder / "match").write_text("".join(f"hint,{who},{key}\n" for who, key in pairs))
        self.psk_file.write_text("".join(f'{who}:"{key}"\n' for who, key in pairs))
        self.psk_file.chmod(0o600)
        self.keylog.touch(0o600)
        for name, text in PRIORITIES.items():
            (self.folder / f"priority{name}").write_text(f"[overrides]\n{text}")

    def environment(self, priority: str) -> dict[str, str]:
        return {
            "SSLKEYLOGFILE": str(self.keylog),
            "GNUTLS_SYSTEM_PRIORITY_FILE": str(self.folder / f"priority{priority}"),
        }


async def run(scene: Scene) -> dict[str, str]:
    """Every talk, and aiocoap's with itself; what libcoap's clients printed."""
    async with AsyncExitStack() as stack:
        pem = str(scene.folder / "pem")
        keys = ("-k", IDENTITIES["ue-1"], "-h", "hint", "-i", str(scene.folder / "match"))
        servers = (
            libcoap_server(
                scene.servers[build],
                *(() if build == "notls" else (*keys, "-c", pem, "-n")),
                build=build,
                environment=scene.environment("no-chacha"),
            )
            for build in BUILDS
        )
        await asyncio.gather(*map(stack.enter_async_context, servers))
        stack.push_async_callback((await _aiocoap_server(scene)).shutdown)
        printed, _ = await asyncio.gather(
            asyncio.gather(*(_talk(scene, name) for name in TALKS)), _aiocoap_talks(scene)
        )
        await asyncio.sleep(0.2)  # aiocoap's server sees its clients leave
    return dict(zip(TALKS, printed, strict=True))


async def _talk(scene: Scene, name: str) -> str:
    talk = TALKS[name]
    port = scene.servers[talk.server] + talk.secured
    more = [str(scene.folder / word) if word == "large" else word for word in talk.more]
    if talk.who == "certificate":
        more += ["-c", str(scene.folder / "pem"), "-n"]
    elif talk.who:
        more += ["-u", talk.who, "-k", talk.key or IDENTITIES[talk.who]]
    return await libcoap(
        *("-a", ADDRESSES[name], *more, f"{talk.scheme}://127.0.0.1:{port}/{talk.path}"),
        build=talk.client,
        environment=scene.environment(talk.priority),
    )


# aiocoap ----------------------------------------------------------------------------------------

WEB = 3000
"""aiocoap serves WebSocket so much above the port it is told; what TLS protects is one above."""
AIOCOAP = {"coap+tcp": 0, "coaps+tcp": 1, "coap+ws": WEB, "coaps+ws": WEB + 1}


async def _aiocoap_server(scene: Scene) -> Any:
    site = resource.Site()
    site.add_resource(["text"], Text(TEXT))
    site.add_resource(["counter"], Counter(0.3))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(scene.folder / "pem")
    tls.set_alpn_protocols(["coap"])
    tls.keylog_filename = str(scene.keylog)
    return await aiocoap.Context.create_server_context(
        site,
        bind=("127.0.0.1", scene.servers["aiocoap"]),
        transports=["tcpserver", "tlsserver", "ws"],
        _ssl_context=tls,
    )


async def _aiocoap_talks(scene: Scene) -> None:
    client = await aiocoap.Context.create_client_context(
        transports=["tcpclient", "tlsclient", "ws"]
    )
    for scheme, step in AIOCOAP.items():
        uri = f"{scheme}://127.0.0.1:{scene.servers['aiocoap'] + step}"
        known = credentials.TLSCert(str(scene.folder / "certificate"))
        if scheme.startswith("coaps"):
            client.client_credentials[f"{uri}/*"] = known
        await _aiocoap_talk(client, uri)
    await client.shutdown()


async def _aiocoap_talk(client: Any, uri: str) -> None:
    """Read a text, replace it, read what is not there; observe a counter."""

    async def ask(code: Any, path: str, **more: Any) -> Any:
        message = aiocoap.Message(code=code, uri=f"{uri}/{path}", **more)
        return await asyncio.wait_for(client.request(message).response, PATIENCE)

    assert (await ask(aiocoap.GET, "text")).payload == TEXT
    assert (await ask(aiocoap.PUT, "text", payload=TEXT)).code == aiocoap.CHANGED
    assert (await ask(aiocoap.GET, "nowhere")).code == aiocoap.NOT_FOUND
    watched = client.request(aiocoap.Message(code=aiocoap.GET, uri=f"{uri}/counter", observe=0))
    await asyncio.wait_for(watched.response, PATIENCE)
    async with asyncio.timeout(PATIENCE):
        await anext(aiter(watched.observation))
    watched.observation.cancel()
