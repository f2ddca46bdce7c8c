-- Conflicts: acts on a ticket that could not be applied, until a person has settled them. They are synced.

CREATE TABLE conflict (
    id TEXT PRIMARY KEY,
    ticket TEXT NOT NULL,
    ver INTEGER NOT NULL,
    kind TEXT NOT NULL,
    act TEXT NOT NULL,
    author TEXT NOT NULL,
    author_name TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    received_at BIGINT,
    args TEXT NOT NULL,
    fields TEXT NOT NULL,
    theirs_by TEXT NOT NULL,
    theirs_at BIGINT,
    epoch INTEGER NOT NULL,
    state TEXT NOT NULL,
    choice TEXT,
    resolved_by TEXT,
    resolved_at BIGINT,
    extra TEXT
);
CREATE INDEX conflict_ticket ON conflict (ticket);

-- Ops that their author took back before central knew them: a late arrival is answered so.

CREATE TABLE withdrawal (
    op_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    by_op TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (op_id, actor)
);
