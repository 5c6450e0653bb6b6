-- +goose Up

-- What tells that the session of a permit is over.
ALTER TABLE permit ADD COLUMN clock_ms BIGINT NOT NULL DEFAULT -1; -- the chip's clock when it was asked for, ms; -1 for not known
ALTER TABLE permit ADD COLUMN resets BIGINT NOT NULL DEFAULT -1; -- its starts then, or a number with the same differences; -1 for not known
ALTER TABLE permit ADD COLUMN void_at BIGINT; -- ms, a reading showed that it was not used
