# SPDX-License-Identifier: GPL-2.0-only
"""Two dissections side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.views.detail.nodes import Node
from analyzer.views.difference import Pair, Sign, differences, only_different
from analyzer.views.inks import line, plain


def node(key: str, text: str, *children: Node) -> Node:
    return Node(line(text), key=key, children=children)


def told(pairs: list[Pair]) -> list[str]:
    return [
        f"{'  ' * pair.depth}{plain(pair.left)}|{pair.sign}|{plain(pair.right)}" for pair in pairs
    ]


LEFT = (
    node("coap", "CoAP", node("code", "GET"), node("mid", "1"), node("11.1", "/a")),
    node("findings", "1 finding"),
)
RIGHT = (node("coap", "CoAP", node("code", "GET"), node("12.1", "JSON"), node("mid", "2")),)


def test_fields_pair_by_their_keys_and_signs_say_what_differs() -> None:
    assert told(list(differences(LEFT, RIGHT))) == [
        "CoAP| |CoAP",
        "  GET| |GET",
        "  |>|JSON",
        "  1|≠|2",
        "  /a|<|",
    ]


def test_what_is_the_same_can_be_left_out_but_for_what_is_around() -> None:
    assert told(only_different(list(differences(LEFT, RIGHT)))) == [
        "CoAP| |CoAP",
        "  |>|JSON",
        "  1|≠|2",
        "  /a|<|",
    ]
    assert only_different(list(differences(LEFT, LEFT))) == []


TREES = st.recursive(
    st.builds(node, st.sampled_from("abc"), st.sampled_from("xy")),
    lambda below: st.builds(
        lambda key, children: node(key, key, *children),
        st.sampled_from("abc"),
        st.lists(below, max_size=4),
    ),
    max_leaves=12,
)


def count(nodes: list[Node]) -> int:
    return sum(1 + count(list(node.children)) for node in nodes)


@given(st.lists(TREES, max_size=4), st.lists(TREES, max_size=4))
def test_every_field_of_both_is_told_once(left: list[Node], right: list[Node]) -> None:
    pairs = list(differences(left, right))
    assert sum(pair.sign is not Sign.RIGHT_ONLY for pair in pairs) == count(left)
    assert sum(pair.sign is not Sign.LEFT_ONLY for pair in pairs) == count(right)
    assert all(pair.sign is Sign.SAME for pair in differences(left, left))
