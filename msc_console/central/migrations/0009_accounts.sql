-- New laptops by single-use code, the second factor set up by its person, recovery codes, resets by two, notices.

ALTER TABLE device ADD COLUMN receive_key TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN totp_pending TEXT;

CREATE TABLE enrolment (
    hash TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    device TEXT
);

CREATE TABLE recovery_code (
    hash TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX recovery_code_person ON recovery_code (person);

CREATE TABLE reset (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    approved_by TEXT,
    approved_at BIGINT
);
CREATE INDEX reset_person ON reset (person);

CREATE TABLE notice (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    code TEXT NOT NULL,
    data TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    seen_at BIGINT
);
CREATE INDEX notice_person ON notice (person);
