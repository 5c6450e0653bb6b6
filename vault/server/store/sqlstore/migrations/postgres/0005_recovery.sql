-- +goose Up

-- Machine secrets of caches, wrapped to the organisation's recovery key.
CREATE TABLE escrow (
  device     BYTEA  NOT NULL REFERENCES device ON DELETE CASCADE, -- whose
  cache      BYTEA  NOT NULL, -- the client's GUID of the cache
  generation BIGINT NOT NULL, -- as the client declared
  kid        TEXT   NOT NULL, -- id of the recovery key
  wrapped    BYTEA  NOT NULL, -- HPKE ciphertext
  record     BYTEA  NOT NULL, -- SHA-256 of the TPM record
  usr        BYTEA  NOT NULL, -- account
  created    BIGINT NOT NULL, -- ms
  PRIMARY KEY (device, cache, generation)
);

-- Requests to release one, and what became of them.
CREATE TABLE escrow_release (
  id          BYTEA  NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  device      BYTEA  NOT NULL REFERENCES device ON DELETE CASCADE, -- whose
  cache       BYTEA  NOT NULL, -- the client's GUID of the cache
  generation  BIGINT NOT NULL, -- which one
  kid         TEXT   NOT NULL, -- id of the recovery key
  asked_by    BYTEA  NOT NULL, -- administrator
  asked_at    BIGINT NOT NULL, -- ms
  reason      TEXT   NOT NULL, -- as given
  approved_by BYTEA,           -- another administrator
  approved_at BIGINT,          -- ms
  ended_at    BIGINT,          -- ms, cancelled or what it is about was deleted
  ended_why   TEXT   NOT NULL  -- reason of that
);
CREATE INDEX escrow_release_device ON escrow_release (device, asked_at);
