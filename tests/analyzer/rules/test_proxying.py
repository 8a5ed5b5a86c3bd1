# SPDX-License-Identifier: GPL-2.0-only
"""RFC 7252 clause 5.10.2 and RFC 8768: Proxy-Uri, Proxy-Scheme, Hop-Limit."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.rules.catalogue import E, Severity, W

from .conversation import Conversation

MIXED, FORM = "COAP-7252-5.10.2-PROXYURI-MIXED", "COAP-7252-5.10.2-PROXYURI-FORM"
NO_HOST, BOTH = "COAP-7252-5.10.2-PROXYSCHEME-NOHOST", "COAP-7252-5.10.2-PROXY-BOTH"
RANGE = "COAP-8768-3-RANGE"
RULES = {MIXED, FORM, NO_HOST, BOTH, RANGE}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"proxy_uri": "coap://a/b?c"}, {}),
        ({"proxy_uri": "mailto:a"}, {}),
        ({"proxy_uri": "coap+tcp://a", "accept": 50}, {}),
        ({"proxy_uri": "coap://a", "uri_host": "a"}, {MIXED: E}),
        ({"proxy_uri": "coap://a", "uri_port": 1}, {MIXED: E}),
        ({"proxy_uri": "coap://a", "uri_path": "b"}, {MIXED: E}),
        ({"proxy_uri": "coap://a", "uri_query": "b"}, {MIXED: E}),
        ({"proxy_uri": "/a/b"}, {FORM: E}),
        ({"proxy_uri": "1a://h"}, {FORM: E}),
        ({"proxy_uri": "coap:"}, {FORM: E}),
        ({"proxy_uri": "coap://a#b"}, {FORM: E}),
        ({"proxy_scheme": "coap", "uri_host": "a"}, {}),
        ({"proxy_scheme": "coap"}, {NO_HOST: W}),
        ({"proxy_scheme": "coap", "proxy_uri": "coap://a"}, {BOTH: W}),
        ({"hop_limit": 1}, {}),
        ({"hop_limit": 255}, {}),
        ({"hop_limit": b"\0"}, {RANGE: E}),
        ({"hop_limit": b""}, {RANGE: E}),
        ({"hop_limit": b"\0\1"}, {RANGE: E}),
    ],
)
def test_requests_to_a_proxy(options: dict[str, Any], expected: dict[str, Severity]) -> None:
    rules = Conversation().con("GET", **options).rules()
    assert {id: level for id, level in rules.items() if id in RULES} == expected
