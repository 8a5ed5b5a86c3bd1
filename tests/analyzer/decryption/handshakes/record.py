# SPDX-License-Identifier: GPL-2.0-only
"""Records the handshakes beside it anew, over loopback: real clients and servers, tcpdump as root.

python tests/analyzer/decryption/handshakes/record.py [NAME ...]
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
PORT = 15684
KEY = b"secretPSK"
_PSK = f"-psk {KEY.hex()} -psk_identity ue-1"
_SERVE = f"openssl s_server -dtls1_2 -port {PORT} -quiet"
_CONNECT = f"openssl s_client -dtls1_2 -connect 127.0.0.1:{PORT}"
_COAP_SERVE = f"-A 127.0.0.1 -p {PORT - 1} -k {KEY.decode()} -h hint"
_COAP = f"-u ue-1 -k {KEY.decode()} -B 5 coaps://127.0.0.1:{PORT}/"
_NO_CHACHA = "[overrides]\ntls-disabled-cipher = chacha20-poly1305\n"  # tshark 4.0 reads none
_WHO = {"dtls": {"psk": {"ascii": KEY.decode()}, "client-identity": {"ascii": "ue-1"}}}
_CREDENTIALS = {":client": _WHO, f"coaps://127.0.0.1:{PORT}/*": _WHO}  # aiocoap's, of either end
_GET_TIME = r"\x40\x01\x12\x34\xb4time"
_SAY = "(sleep 0.7; echo one; sleep 0.2; echo two; sleep 0.3)"


def _by_cid(suite: str, client: str, more: str = "") -> tuple[str, str]:
    """Mbed TLS, with Connection IDs; `dtls12` is built from dtls12.c and found by PATH."""
    server, client = (
        f"dtls12 {role} {PORT} TLS-{suite} {cid} {more}"
        for role, cid in (("server", "server"), ("client", client))
    )
    return server, client


CASES: dict[str, tuple[str, str]] = {
    "coap-openssl": (f"coap-server-openssl {_COAP_SERVE}", f"coap-client-openssl {_COAP}"),
    "coap-gnutls": (
        f"coap-server-gnutls {_COAP_SERVE}",
        f"SSLKEYLOGFILE=keys.log coap-client-gnutls {_COAP}",
    ),
    "coap-ecdhe-psk": (
        f"env GNUTLS_SYSTEM_PRIORITY_FILE=gnutls.conf coap-server-gnutls {_COAP_SERVE}",
        "export GNUTLS_SYSTEM_PRIORITY_FILE=gnutls.conf; "
        f"SSLKEYLOGFILE=keys.log coap-client-gnutls {_COAP}",
    ),
    "coap-ccm8": (
        f"coap-server-openssl {_COAP_SERVE}",
        f"(sleep 0.5; printf '{_GET_TIME}'; sleep 0.5) | {_CONNECT} {_PSK} -cipher PSK-AES128-CCM8",
    ),
    "coap-wrong-key": (
        f"coap-server-openssl {_COAP_SERVE}",
        f"coap-client-openssl {_COAP.replace(KEY.decode(), 'another')}",
    ),
    "psk-ccm8": (
        f"{_SERVE} -nocert {_PSK} -cipher PSK-AES128-CCM8",
        f"{_SAY} | {_CONNECT} {_PSK} -cipher PSK-AES128-CCM8",
    ),
    "psk-gcm": (
        f"{_SERVE} -nocert {_PSK} -cipher PSK-AES128-GCM-SHA256 -psk_hint who",
        f"{_SAY} | {_CONNECT} {_PSK} -cipher PSK-AES128-GCM-SHA256",
    ),
    "psk-cbc": (
        f"{_SERVE} -nocert {_PSK} -cipher PSK-AES128-CBC-SHA256",
        f"{_SAY} | {_CONNECT} {_PSK} -cipher PSK-AES128-CBC-SHA256",
    ),
    "psk-cbc-mac-inside": (
        f"{_SERVE} -nocert {_PSK} -cipher PSK-AES128-CBC-SHA256 -no_etm",
        f"{_SAY} | {_CONNECT} {_PSK} -cipher PSK-AES128-CBC-SHA256 -no_etm",
    ),
    "psk-renegotiated": (
        f"{_SERVE} -nocert {_PSK} -cipher PSK-AES128-GCM-SHA256 -client_renegotiation",
        "(sleep 0.7; echo one; sleep 0.2; echo R; sleep 0.6; echo two; sleep 0.3) | "
        f"{_CONNECT} {_PSK} -cipher PSK-AES128-GCM-SHA256",
    ),
    "psk-resumed": (
        f"{_SERVE} -nocert {_PSK} -cipher PSK-AES128-GCM-SHA256",
        f"{_SAY} | {_CONNECT} {_PSK} -sess_out session.pem; "
        f"{_SAY} | {_CONNECT} {_PSK} -sess_in session.pem",
    ),
    "ecdsa-keylog": (
        f"{_SERVE} -cert cert.pem -key key.pem -mtu 300 -listen -cipher ECDHE-ECDSA-AES128-CCM8",
        f"{_SAY} | {_CONNECT} -mtu 300 -servername ue.example -keylogfile keys.log"
        " -cipher ECDHE-ECDSA-AES128-CCM8",
    ),
    "coap-tinydtls": (  # by PyPI's DTLSSocket
        "env AIOCOAP_SERVER_TRANSPORT=tinydtls_server aiocoap-fileserver --credentials"
        f" credentials.json --bind 127.0.0.1:{PORT - 1} .",
        "export AIOCOAP_CLIENT_TRANSPORT=tinydtls; sleep 2; aiocoap-client --credentials"
        f" credentials.json coaps://127.0.0.1:{PORT}/lines",
    ),
    "cid-psk-ccm8": _by_cid("PSK-WITH-AES-128-CCM-8", "''"),
    "cid-psk-cbc": _by_cid("PSK-WITH-AES-128-CBC-SHA256", "cl"),
    "cid-psk-cbc-mac-inside": _by_cid("PSK-WITH-AES-128-CBC-SHA256", "cl", "mac-inside"),
    "cid-ecdsa-keylog": _by_cid("ECDHE-ECDSA-WITH-AES-128-GCM-SHA256", "''"),
}


def record(name: str, serve: str, connect: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            shlex.split(
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650"
                " -keyout key.pem -out cert.pem -subj /O=Example/CN=as.example"
            ),
            cwd=folder,
            check=True,
            capture_output=True,
        )
        Path(folder, "gnutls.conf").write_text(_NO_CHACHA)
        Path(folder, "credentials.json").write_text(json.dumps(_CREDENTIALS))
        Path(folder, "lines").write_text("a line of text\n" * 80)
        target = HERE / f"{name}.pcap"
        dump = f"tcpdump -Z root -i lo -U -w {target} -c 200 udp port {PORT}"
        capture = subprocess.Popen(shlex.split(dump), stderr=subprocess.DEVNULL)
        # A server whose input never ends serves until it is stopped.
        server = subprocess.Popen(
            shlex.split(serve),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(0.7)
            subprocess.run(
                connect, shell=True, executable="bash", cwd=folder, timeout=20, capture_output=True
            )
            time.sleep(0.5)
        finally:
            server.terminate()
            server.wait(5)
            capture.terminate()
            capture.wait(5)
        log = Path(folder, "keys.log")
        if log.exists():
            (HERE / f"{name}.keys").write_bytes(log.read_bytes())


if __name__ == "__main__":
    assert os.geteuid() == 0, "tcpdump wants root"
    for name in sys.argv[1:] or CASES:
        record(name, *CASES[name])
