-- What comes again and again (wrong passwords, a revoked laptop that calls) is counted here between two records of the
-- audit trail, so that nobody can flood it.

CREATE TABLE tally (
    act TEXT NOT NULL,
    about TEXT NOT NULL,
    since BIGINT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (act, about)
);
