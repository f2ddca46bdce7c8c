-- Closed tickets whose timeline lies at central alone. `wanted`: it is to be fetched.
CREATE TABLE thin (
    ticket TEXT NOT NULL PRIMARY KEY,
    wanted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX thin_wanted ON thin (ticket) WHERE wanted = 1;
-- Pulls write many small pieces of the index: fewer merges of them while a person waits.
INSERT INTO search_ticket (search_ticket, rank) VALUES ('automerge', 8);
