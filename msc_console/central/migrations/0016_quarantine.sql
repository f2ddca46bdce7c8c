-- Acts that were put aside, the longest waiting first.

CREATE INDEX op_quarantined ON op (received_at, op_id) WHERE code = 'quarantined';
