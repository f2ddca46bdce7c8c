"""Hooks of Schemathesis: a page of changes is lines, and its description is of one line."""

from typing import Any

import msgspec
import schemathesis

from msc_console.sync.wire import Line


@schemathesis.deserializer("application/x-ndjson")
def end_line(_context: object, response: Any) -> object:
    """The last line, to be compared with the description; `rows` check the others."""
    *_rows, end = msgspec.json.Decoder(dict[str, Any]).decode_lines(response.content)
    return end


@schemathesis.check
def rows(_context: object, response: Any, case: Any) -> None:
    """All lines are `Line`s; rows say what they are of and where they stand, and a row that is put bears a document."""
    if case.operation.path != "/v1/changes" or response.status_code != 200:
        return
    *found, end = msgspec.json.Decoder(Line).decode_lines(response.content)
    assert (end.t, end.rows) == ("end", len(found))
    for row in found:
        assert row.t in {"put", "leave", "del"}, row
        assert row.entity, row
        assert row.id, row
        assert row.seq > 0, row
        assert (row.d is not msgspec.UNSET) == (row.t == "put"), row
    assert [row.seq for row in found] == sorted(row.seq for row in found)
