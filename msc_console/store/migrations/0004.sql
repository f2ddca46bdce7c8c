-- When central erased what was kept of a customer's person. Made anew, so that columns stand as in the records.
ALTER TABLE contact RENAME TO contact_before;
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
    erased_at INTEGER,
    extra TEXT
);
INSERT INTO contact (n, id, ver, name, organisation, organisation_name, language, addresses, created_at, extra)
SELECT n, id, ver, name, organisation, organisation_name, language, addresses, created_at, extra FROM contact_before;
DROP TABLE contact_before;
