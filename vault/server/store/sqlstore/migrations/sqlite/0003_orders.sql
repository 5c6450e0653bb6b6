-- +goose Up

-- What devices are told about their end. Rows are never changed.
CREATE TABLE gov_order (
  seq        INTEGER NOT NULL PRIMARY KEY, -- number in the server, from 1, in the order of commits
  id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16), -- GUID
  kind       TEXT    NOT NULL, -- revoke, suspend, resume, wipe, kill
  device     BLOB,              -- which device, NULL for all
  usr        BLOB,              -- whose device, NULL for everybody's
  generation INTEGER NOT NULL, -- caches up to this generation, 0 for any
  epoch      INTEGER NOT NULL, -- kill-switch epoch
  issued     INTEGER NOT NULL  -- ms
) STRICT;
CREATE INDEX gov_order_epoch ON gov_order (epoch, seq);
CREATE INDEX gov_order_device ON gov_order (device);
