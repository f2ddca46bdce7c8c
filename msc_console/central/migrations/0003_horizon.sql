-- Compaction of the feed. `since`: the oldest seq that a row stands for, where it has taken the place of older ones
-- (NULL: its own). `horizon`: the newest seq of a removed `leave` or `del`; who has read less starts again.

ALTER TABLE change_group ADD COLUMN since BIGINT;
ALTER TABLE feed_head ADD COLUMN horizon BIGINT NOT NULL DEFAULT 0;
