-- The audit trail as a hash chain (`trail`). Rows of before become its first records, then `audit_before` goes and
-- triggers refuse every change (`audit.adopt`).

ALTER TABLE audit RENAME TO audit_before;
CREATE TABLE audit (
    seq {pk},
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    data TEXT NOT NULL,
    hash TEXT NOT NULL
);
