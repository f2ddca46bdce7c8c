-- Retention. `wordless`: the version of a ticket whose words were taken away, 0 = never: what came since can be told by
-- it. `at` of a body: when its op was received.

ALTER TABLE ticket ADD COLUMN wordless INTEGER NOT NULL DEFAULT 0;
ALTER TABLE op_body ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
UPDATE op_body SET at = coalesce((SELECT received_at FROM op WHERE op.op_id = op_body.op_id), 0);
CREATE INDEX op_body_at ON op_body (at);
