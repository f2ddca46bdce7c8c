-- First pulls, cut once and shared for a while. `audience`: a digest of what the readers have in common; `state`:
-- cutting, whole or failed. `person` of a part is empty for the shared ones.

CREATE {unlogged}TABLE snapshot (
    id TEXT PRIMARY KEY,
    audience TEXT NOT NULL,
    generation TEXT NOT NULL,
    seq BIGINT NOT NULL,
    state TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL
);
CREATE INDEX snapshot_audience ON snapshot (audience, made_at);

CREATE {unlogged}TABLE snapshot_part (
    snapshot TEXT NOT NULL,
    person TEXT NOT NULL,
    n INTEGER NOT NULL,
    entities TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body {blob} NOT NULL,
    PRIMARY KEY (snapshot, person, n)
);
