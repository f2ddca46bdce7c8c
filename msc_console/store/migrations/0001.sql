-- The cache of one person. Synced tables: the fields of the domain's classes plus `extra`; times are UTC milliseconds.
CREATE TABLE canary (v TEXT NOT NULL PRIMARY KEY);

CREATE TABLE ticket (
    -- made from `created_at`: the full-text index reads newest first by row id alone
    n INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    number INTEGER,
    alias TEXT,
    ver INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sub_kind TEXT,
    subject TEXT NOT NULL,
    contact TEXT,
    contact_name TEXT NOT NULL,
    organisation TEXT,
    organisation_name TEXT NOT NULL,
    service TEXT,
    component TEXT,
    category TEXT,
    queue TEXT NOT NULL,
    tier TEXT NOT NULL,
    state TEXT NOT NULL,
    waiting_party TEXT,
    hold_reason TEXT,
    urgency TEXT NOT NULL,
    impact TEXT NOT NULL,
    priority TEXT NOT NULL,
    priority_reason TEXT,
    owner TEXT,
    owner_epoch INTEGER NOT NULL,
    owned_at INTEGER,
    claim_until INTEGER,
    channel TEXT NOT NULL,
    contact_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    resolved_at INTEGER,
    closed_at INTEGER,
    reopened INTEGER NOT NULL,
    tags TEXT NOT NULL,
    watchers TEXT NOT NULL,
    "references" TEXT NOT NULL,
    source TEXT,
    clocks TEXT NOT NULL,
    next_due INTEGER,
    extra TEXT,
    -- tickets without a running clock come last
    due_order INTEGER GENERATED ALWAYS AS (ifnull(next_due, 4611686018427387904)) VIRTUAL
);
CREATE INDEX ticket_number ON ticket (number);
CREATE INDEX ticket_alias ON ticket (alias);
CREATE INDEX ticket_contact ON ticket (contact, created_at);
CREATE INDEX ticket_due ON ticket (due_order, id)
    WHERE state NOT IN ('resolved', 'closed', 'merged', 'cancelled');
CREATE INDEX ticket_queue ON ticket (queue, due_order, id)
    WHERE state NOT IN ('resolved', 'closed', 'merged', 'cancelled');
CREATE INDEX ticket_owner ON ticket (owner, due_order, id)
    WHERE state NOT IN ('resolved', 'closed', 'merged', 'cancelled');
CREATE INDEX ticket_state ON ticket (state, due_order, id)
    WHERE state NOT IN ('resolved', 'closed', 'merged', 'cancelled');

CREATE TABLE entry (
    -- the order of arrival, which breaks ties of time
    n INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    ticket TEXT NOT NULL,
    ver INTEGER NOT NULL,
    kind TEXT NOT NULL,
    act TEXT NOT NULL,
    author TEXT,
    author_name TEXT NOT NULL,
    contact TEXT,
    body TEXT NOT NULL,
    visibility TEXT NOT NULL,
    channel TEXT,
    made_at INTEGER NOT NULL,
    received_at INTEGER,
    at INTEGER NOT NULL,
    late INTEGER NOT NULL,
    clamped INTEGER NOT NULL,
    delivery TEXT NOT NULL,
    delivered_at INTEGER,
    delivery_note TEXT,
    changes TEXT NOT NULL,
    data TEXT NOT NULL,
    supersedes TEXT,
    extra TEXT
);
CREATE INDEX entry_ticket ON entry (ticket, at, n);

CREATE TABLE hop (
    id TEXT NOT NULL PRIMARY KEY,
    ticket TEXT NOT NULL,
    ver INTEGER NOT NULL,
    from_tier TEXT NOT NULL,
    tier TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    raised_by TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    asked TEXT NOT NULL,
    acked_by TEXT,
    acked_at INTEGER,
    proxy TEXT,
    lease_until INTEGER,
    returned_by TEXT,
    returned_at INTEGER,
    outcome TEXT,
    extra TEXT
);
CREATE INDEX hop_ticket ON hop (ticket, raised_at);
CREATE INDEX hop_active ON hop (tier, raised_at) WHERE state IN ('open', 'acknowledged');

CREATE TABLE contact (
    n INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    ver INTEGER NOT NULL,
    name TEXT NOT NULL,
    organisation TEXT,
    organisation_name TEXT NOT NULL,
    language TEXT NOT NULL,
    addresses TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    extra TEXT
);

CREATE TABLE organisation (
    id TEXT NOT NULL PRIMARY KEY,
    ver INTEGER NOT NULL,
    name TEXT NOT NULL,
    b2b INTEGER NOT NULL,
    contract TEXT,
    extra TEXT
);

CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    ver INTEGER NOT NULL,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    tier TEXT NOT NULL,
    queues TEXT NOT NULL,
    skills TEXT NOT NULL,
    active INTEGER NOT NULL,
    extra TEXT
);

CREATE TABLE queue (
    id TEXT NOT NULL PRIMARY KEY,
    ver INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    tier TEXT NOT NULL,
    extra TEXT
);

CREATE TABLE service (
    id TEXT NOT NULL PRIMARY KEY,
    ver INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    components TEXT NOT NULL,
    categories TEXT NOT NULL,
    extra TEXT
);

CREATE TABLE article (
    n INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    ver INTEGER NOT NULL,
    code TEXT NOT NULL,
    language TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    service TEXT,
    category TEXT,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    review_at INTEGER,
    extra TEXT
);
CREATE INDEX article_code ON article (code);

-- Central's document of a row that own acts cover, kept while they wait. `away`: it left this person's scope and
-- stays only for the title beside the act.
CREATE TABLE base (
    entity TEXT NOT NULL,
    id TEXT NOT NULL,
    target TEXT NOT NULL,
    ver INTEGER NOT NULL,
    away INTEGER NOT NULL DEFAULT 0,
    doc TEXT NOT NULL,
    PRIMARY KEY (entity, id)
);
CREATE INDEX base_target ON base (target);

CREATE TABLE outbox (
    n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    actor TEXT NOT NULL,
    target TEXT NOT NULL,
    basis TEXT NOT NULL,
    "before" TEXT NOT NULL,
    args TEXT NOT NULL,
    deps TEXT NOT NULL,
    cause TEXT,
    made_at INTEGER NOT NULL,
    seen_at INTEGER,
    hold_until INTEGER,
    next_at INTEGER,
    state TEXT NOT NULL,
    inc TEXT,
    counter INTEGER,
    envelope TEXT,
    result TEXT,
    acked_seq INTEGER,
    acked_ver INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    predicted TEXT,
    claim INTEGER
);
CREATE INDEX outbox_target ON outbox (target, n);
CREATE INDEX outbox_state ON outbox (state, n);
CREATE INDEX outbox_counter ON outbox (inc, counter);

-- Acts that are over, for 14 days: offered again when central was restored.
CREATE TABLE journal (
    n INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    actor TEXT NOT NULL,
    target TEXT NOT NULL,
    basis TEXT NOT NULL,
    "before" TEXT NOT NULL,
    args TEXT NOT NULL,
    deps TEXT NOT NULL,
    cause TEXT,
    made_at INTEGER NOT NULL,
    seen_at INTEGER,
    hold_until INTEGER,
    next_at INTEGER,
    state TEXT NOT NULL,
    inc TEXT,
    counter INTEGER,
    envelope TEXT,
    result TEXT,
    acked_seq INTEGER,
    acked_ver INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    predicted TEXT,
    claim INTEGER,
    done_at INTEGER NOT NULL
);
CREATE INDEX journal_done ON journal (done_at);
CREATE INDEX journal_counter ON journal (inc, counter);

CREATE TABLE chain (
    device TEXT NOT NULL,
    inc TEXT NOT NULL,
    counter INTEGER NOT NULL,
    link TEXT NOT NULL,
    PRIMARY KEY (device, inc)
);

CREATE TABLE "cursor" (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    cursor TEXT NOT NULL,
    generation TEXT NOT NULL,
    seq INTEGER NOT NULL
);
INSERT INTO "cursor" (id, cursor, generation, seq) VALUES (1, '', '', 0);

-- Rows from before a new start of the pull that central has not sent again yet.
CREATE TABLE stale (
    entity TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (entity, id)
) WITHOUT ROWID;

CREATE TABLE draft (
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    data TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (target, kind)
);

CREATE TABLE setting (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE clock (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- central's time minus this device's, in milliseconds
    offset INTEGER NOT NULL,
    server_at INTEGER
);
INSERT INTO clock (id, offset, server_at) VALUES (1, 0, NULL);

CREATE TABLE seen (
    ticket TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
);

CREATE VIRTUAL TABLE search_ticket USING fts5 (
    label, subject, customer, body,
    content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE search_article USING fts5 (
    code, title, body,
    content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE search_contact USING fts5 (
    name, organisation, address,
    content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
