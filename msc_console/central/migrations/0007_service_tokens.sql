-- Tokens for scripts. `hash`: SHA-256 of the whole token; `scopes`, `networks`: JSON lists of words and of address
-- ranges.

CREATE TABLE service_token (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    networks TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT,
    last_address TEXT
);
CREATE INDEX service_token_owner ON service_token (owner);
