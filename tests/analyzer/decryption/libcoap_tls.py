# SPDX-License-Identifier: GPL-2.0-only
"""CoAP over TLS between libcoap's server on OpenSSL and its client on GnuTLS, which logs keys."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from peers import free_ports

from .openssl_peers import IDENTITY, Relay
from .tls_peers import Wire

_SERVER, _CLIENT = "coap-server-openssl", "coap-client-gnutls"
needs_libcoap = pytest.mark.skipif(
    not (shutil.which(_SERVER) and shutil.which(_CLIENT)), reason="no libcoap with TLS here"
)

_SECRET = "secretPSK"
_PATIENCE = 20  # seconds


def fetched(keylog: Path) -> Wire:
    """What passes when the root of the server is asked for; the key log goes to a file."""
    port = free_ports(1)
    command = [_SERVER, "-A", "127.0.0.1", "-p", str(port), "-k", _SECRET, "-h", "hint"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as server:
        try:
            _wait(port + 1)  # TLS is on the port behind that of TCP
            relay = Relay(port + 1)
            subprocess.run(
                [
                    *(_CLIENT, "-u", IDENTITY.decode(), "-k", _SECRET, "-B", "5"),
                    f"coaps+tcp://127.0.0.1:{relay.port}/",
                ],
                env=os.environ | {"SSLKEYLOGFILE": str(keylog)},
                capture_output=True,
                check=True,
                timeout=_PATIENCE,
            )
        finally:
            server.kill()
    return Wire(relay.finish(), keylog.read_bytes(), [])


def _wait(port: int) -> None:
    """Until somebody listens."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return
