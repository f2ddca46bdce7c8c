-- What a person was, and since when: role, tier, queues and whether the account was on. An act that arrives late is
-- judged by what its author was when it was made, too.

CREATE TABLE standing (
    person TEXT NOT NULL,
    since BIGINT NOT NULL,
    role TEXT NOT NULL,
    tier TEXT NOT NULL,
    queues TEXT NOT NULL,
    active INTEGER NOT NULL,
    PRIMARY KEY (person, since)
);

INSERT INTO standing (person, since, role, tier, queues, active)
SELECT id, 0, role, tier, queues, active FROM person;
