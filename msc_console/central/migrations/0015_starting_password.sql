-- Passwords that others were told. `must_change` 1: the password opens nothing but its own change. `what` of a reset:
-- `totp` or `password`.

ALTER TABLE person ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reset ADD COLUMN what TEXT NOT NULL DEFAULT 'totp';
