-- When what is kept of a customer's person was erased: late acts about them are refused and leave no words.
ALTER TABLE contact ADD COLUMN erased_at BIGINT;
