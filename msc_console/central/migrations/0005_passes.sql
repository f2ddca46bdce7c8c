-- How a device keeps its keys (`keyring`, `password` or unknown) and how many offline passes it was given.

ALTER TABLE device ADD COLUMN vault TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN pass_counter BIGINT NOT NULL DEFAULT 0;
