-- The ledger of a central. Times are UTC milliseconds, lists and documents are JSON text, flags are 0 or 1.
-- `meta`: site_id, site_name, site_zone, cursor_secret.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- The change feed: one dense number per changed row, in commit order.

CREATE TABLE feed_head (
    id INTEGER PRIMARY KEY,
    generation TEXT NOT NULL,
    seq BIGINT NOT NULL,
    number BIGINT NOT NULL
){hot};

CREATE TABLE change (
    seq {pk},
    entity TEXT NOT NULL,
    id TEXT NOT NULL,
    ver INTEGER NOT NULL,
    op_id TEXT,
    at BIGINT NOT NULL
);

-- `till` is the last seq of the op that a row belongs to: no page ends before it.

CREATE TABLE change_group (
    group_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    entity TEXT NOT NULL,
    id TEXT NOT NULL,
    effect TEXT NOT NULL,
    till BIGINT NOT NULL,
    PRIMARY KEY (group_id, seq, entity, id)
){norowid};

-- The synced nouns: the fields of the domain's classes, and `extra` for keys of newer peers.

CREATE TABLE ticket (
    id TEXT PRIMARY KEY,
    number BIGINT,
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
    owned_at BIGINT,
    claim_until BIGINT,
    channel TEXT NOT NULL,
    contact_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    resolved_at BIGINT,
    closed_at BIGINT,
    reopened INTEGER NOT NULL,
    tags TEXT NOT NULL,
    watchers TEXT NOT NULL,
    "references" TEXT NOT NULL,
    source TEXT,
    clocks TEXT NOT NULL,
    next_due BIGINT,
    extra TEXT
);
CREATE UNIQUE INDEX ticket_number ON ticket (number);
CREATE INDEX ticket_alias ON ticket (alias) WHERE alias IS NOT NULL;

CREATE TABLE entry (
    id TEXT PRIMARY KEY,
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
    made_at BIGINT NOT NULL,
    received_at BIGINT,
    at BIGINT NOT NULL,
    late INTEGER NOT NULL,
    clamped INTEGER NOT NULL,
    delivery TEXT NOT NULL,
    delivered_at BIGINT,
    delivery_note TEXT,
    changes TEXT NOT NULL,
    data TEXT NOT NULL,
    supersedes TEXT,
    extra TEXT,
    clocked INTEGER NOT NULL
);
CREATE INDEX entry_ticket ON entry (ticket);
CREATE INDEX entry_clocked ON entry (ticket) WHERE clocked = 1;

CREATE TABLE hop (
    id TEXT PRIMARY KEY,
    ticket TEXT NOT NULL,
    ver INTEGER NOT NULL,
    from_tier TEXT NOT NULL,
    tier TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    raised_by TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    asked TEXT NOT NULL,
    acked_by TEXT,
    acked_at BIGINT,
    proxy TEXT,
    lease_until BIGINT,
    returned_by TEXT,
    returned_at BIGINT,
    outcome TEXT,
    extra TEXT
);
CREATE INDEX hop_ticket ON hop (ticket);

CREATE TABLE contact (
    id TEXT PRIMARY KEY,
    ver INTEGER NOT NULL,
    name TEXT NOT NULL,
    organisation TEXT,
    organisation_name TEXT NOT NULL,
    language TEXT NOT NULL,
    addresses TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    extra TEXT
);

CREATE TABLE organisation (
    id TEXT PRIMARY KEY,
    ver INTEGER NOT NULL,
    name TEXT NOT NULL,
    b2b INTEGER NOT NULL,
    contract TEXT,
    extra TEXT
);

CREATE TABLE person (
    id TEXT PRIMARY KEY,
    ver INTEGER NOT NULL,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    tier TEXT NOT NULL,
    queues TEXT NOT NULL,
    skills TEXT NOT NULL,
    active INTEGER NOT NULL,
    extra TEXT,
    password_hash TEXT,
    totp_secret TEXT,
    totp_step BIGINT NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    locked_until BIGINT
);
CREATE UNIQUE INDEX person_login ON person (login);

CREATE TABLE queue (
    id TEXT PRIMARY KEY,
    ver INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    tier TEXT NOT NULL,
    extra TEXT
);
CREATE UNIQUE INDEX queue_key ON queue (key);

CREATE TABLE service (
    id TEXT PRIMARY KEY,
    ver INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    components TEXT NOT NULL,
    categories TEXT NOT NULL,
    extra TEXT
);
CREATE UNIQUE INDEX service_key ON service (key);

CREATE TABLE article (
    id TEXT PRIMARY KEY,
    ver INTEGER NOT NULL,
    code TEXT NOT NULL,
    language TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    service TEXT,
    category TEXT,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL,
    updated_at BIGINT NOT NULL,
    review_at BIGINT,
    extra TEXT
);
CREATE UNIQUE INDEX article_code ON article (code, language);

CREATE TABLE policy (
    version INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    made_at BIGINT NOT NULL
);

CREATE TABLE duty (
    id TEXT PRIMARY KEY,
    ver INTEGER NOT NULL,
    place INTEGER NOT NULL,
    persons TEXT NOT NULL,
    tier TEXT,
    queue TEXT,
    begins TEXT NOT NULL,
    ends TEXT NOT NULL
);

-- Who signs in, and from where.

CREATE TABLE device (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    public_key TEXT NOT NULL,
    code TEXT NOT NULL,
    inc TEXT,
    last_counter BIGINT NOT NULL DEFAULT 0,
    last_link TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT
);
CREATE UNIQUE INDEX device_public_key ON device (public_key);
CREATE UNIQUE INDEX device_code ON device (code);
CREATE INDEX device_person ON device (person);

CREATE TABLE session_token (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    device TEXT,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    family TEXT,
    replaced_by TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT
);
CREATE UNIQUE INDEX session_token_hash ON session_token (hash);
CREATE INDEX session_token_person ON session_token (person, kind);
CREATE INDEX session_token_family ON session_token (family);

-- Every op with its lasting answer. Bodies lie apart so that erasure can delete them and every signature still holds.

CREATE TABLE op (
    op_id TEXT PRIMARY KEY,
    device TEXT,
    inc TEXT,
    counter BIGINT,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    actor TEXT NOT NULL,
    body TEXT NOT NULL,
    code TEXT NOT NULL,
    result TEXT NOT NULL,
    seq BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    envelope TEXT NOT NULL
);
CREATE INDEX op_chain ON op (device, inc, counter);
CREATE INDEX op_target ON op (target);

CREATE TABLE op_body (
    op_id TEXT PRIMARY KEY,
    salt TEXT NOT NULL,
    args TEXT NOT NULL,
    before TEXT NOT NULL
);

-- What goes out to customers. `channel`: since when a way out is switched on, and where it leads.

CREATE TABLE channel (
    channel TEXT PRIMARY KEY,
    adapter TEXT NOT NULL,
    target TEXT NOT NULL,
    on_at BIGINT NOT NULL
);

CREATE TABLE dispatch (
    entry TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    queued_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at BIGINT,
    note TEXT
);
CREATE INDEX dispatch_due ON dispatch (next_at) WHERE state = 'queued';

CREATE TABLE audit (
    id {auto},
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    data TEXT NOT NULL
);
