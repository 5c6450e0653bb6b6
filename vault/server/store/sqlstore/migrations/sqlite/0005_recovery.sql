-- +goose Up

-- Machine secrets of caches, wrapped to the organisation's recovery key.
CREATE TABLE escrow (
  device     BLOB    NOT NULL REFERENCES device ON DELETE CASCADE, -- whose
  cache      BLOB    NOT NULL, -- the client's GUID of the cache
  generation INTEGER NOT NULL, -- as the client declared
  kid        TEXT    NOT NULL, -- id of the recovery key
  wrapped    BLOB    NOT NULL, -- HPKE ciphertext
  record     BLOB    NOT NULL, -- SHA-256 of the TPM record
  usr        BLOB    NOT NULL, -- account
  created    INTEGER NOT NULL, -- ms
  PRIMARY KEY (device, cache, generation)
) STRICT;

-- Requests to release one, and what became of them.
CREATE TABLE escrow_release (
  id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  device      BLOB    NOT NULL REFERENCES device ON DELETE CASCADE, -- whose
  cache       BLOB    NOT NULL, -- the client's GUID of the cache
  generation  INTEGER NOT NULL, -- which one
  kid         TEXT    NOT NULL, -- id of the recovery key
  asked_by    BLOB    NOT NULL, -- administrator
  asked_at    INTEGER NOT NULL, -- ms
  reason      TEXT    NOT NULL, -- as given
  approved_by BLOB,             -- another administrator
  approved_at INTEGER,          -- ms
  ended_at    INTEGER,          -- ms, cancelled or what it is about was deleted
  ended_why   TEXT    NOT NULL  -- reason of that
) STRICT;
CREATE INDEX escrow_release_device ON escrow_release (device, asked_at);
