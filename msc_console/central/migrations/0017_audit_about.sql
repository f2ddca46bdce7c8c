-- What the records of the audit trail are about: the first 64 bits of the SHA-256 of each id or word that their data hold.

CREATE TABLE audit_about (
    about BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (about, seq)
){norowid};
