-- Erasure of people who have left. `erased_at`: when it was asked for; `former`: the name that copies still bear, NULL
-- once none does.

ALTER TABLE person ADD COLUMN erased_at BIGINT;
ALTER TABLE person ADD COLUMN former TEXT;
