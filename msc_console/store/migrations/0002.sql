-- Acts that central could not apply and that a person settles: they come and go with their ticket.
CREATE TABLE conflict (
    id TEXT NOT NULL PRIMARY KEY,
    ticket TEXT NOT NULL,
    ver INTEGER NOT NULL,
    kind TEXT NOT NULL,
    act TEXT NOT NULL,
    author TEXT NOT NULL,
    author_name TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    received_at INTEGER,
    args TEXT NOT NULL,
    fields TEXT NOT NULL,
    theirs_by TEXT NOT NULL,
    theirs_at INTEGER,
    epoch INTEGER NOT NULL,
    state TEXT NOT NULL,
    choice TEXT,
    resolved_by TEXT,
    resolved_at INTEGER,
    extra TEXT
);
CREATE INDEX conflict_ticket ON conflict (ticket);
CREATE INDEX conflict_open ON conflict (made_at, id) WHERE state = 'open';
