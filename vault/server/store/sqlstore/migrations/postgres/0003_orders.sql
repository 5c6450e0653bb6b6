-- +goose Up

-- What devices are told about their end. Rows are never changed.
CREATE TABLE gov_order (
  seq        BIGINT  NOT NULL PRIMARY KEY, -- number in the server, from 1, in the order of commits
  id         BYTEA   NOT NULL UNIQUE CHECK (length(id) = 16), -- GUID
  kind       TEXT    NOT NULL, -- revoke, suspend, resume, wipe, kill
  device     BYTEA,             -- which device, NULL for all
  usr        BYTEA,             -- whose device, NULL for everybody's
  generation BIGINT  NOT NULL, -- caches up to this generation, 0 for any
  epoch      BIGINT  NOT NULL, -- kill-switch epoch
  issued     BIGINT  NOT NULL  -- ms
);
CREATE INDEX gov_order_epoch ON gov_order (epoch, seq);
CREATE INDEX gov_order_device ON gov_order (device);
