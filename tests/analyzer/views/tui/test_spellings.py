# SPDX-License-Identifier: GPL-2.0-only
"""Names of elements that a spec profile brings, in the detail pane: shown, and masked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rules.conversation import Conversation
from transfers import cut, upload

from analyzer.capture import Intake
from analyzer.profiles.spec import SpecProfile, Spelling
from analyzer.values import MASK, MessageValues
from analyzer.views.detail.packet import packet_detail
from analyzer.views.tui.capture_view import CaptureView
from dissectors.fields import fields

from .test_blocks import hidden, lines

SECRET = "c2VjcmV0"
BODY = json.dumps({"Message Type": "REG", "subscriber": "meter-1", "pw": SECRET * 8}).encode()
FIELDS: dict[str, Any] = {"path": "/reg", "content_format": 50}
OWN = SpecProfile(
    spellings={
        "ue_service_id": Spelling(aliases=("subscriber",)),
        "ue_credential_information": Spelling(name="pw"),
    }
)
WHOLE = Conversation().con("POST", payload=BODY, **FIELDS)
IN_BLOCKS = upload(Conversation(), cut(BODY, 1), "POST", "2.01", **FIELDS)


@pytest.mark.parametrize("talk", [WHOLE, IN_BLOCKS], ids=["whole", "in blocks"])
def test_a_credential_under_a_name_of_ones_own_is_masked(talk: Conversation) -> None:
    view = CaptureView(Intake(()))
    view.session = talk.session(profile=OWN)
    shown = [packet_detail(view, row) for row in range(len(view.session.messages))]
    texts = [text for detail in shown for text in lines(detail)]
    assert any(text.startswith("UE Service ID (as subscriber): ") for text in texts)
    assert any(text.startswith("UE Credential Information: ") for text in texts)
    assert not any(SECRET in text for text in texts)
    assert (SECRET * 8).encode() in b"".join(map(hidden, shown))


def test_fields_answer_by_names_of_ones_own() -> None:
    session = WHOLE.session(profile=OWN)
    values = MessageValues(session, 0)
    assert values.get(fields()["msgin5g.ue_service_id"]) == "meter-1"
    assert values.get(fields()["msgin5g.ue_credential_information"]) == MASK
    assert MessageValues(WHOLE.session(), 0).get(fields()["msgin5g.ue_service_id"]) is None
