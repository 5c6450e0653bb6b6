-- +goose Up

-- What the chip of a device has shown. No row: nothing was proved.
CREATE TABLE chip (
  device   BYTEA NOT NULL PRIMARY KEY REFERENCES device ON DELETE CASCADE, -- whose
  ek_name  BYTEA NOT NULL, -- Name of the endorsement key: the same chip, the same Name
  identity BYTEA NOT NULL, -- the rest of what tpm/attest keeps, JSON
  proven   BOOLEAN NOT NULL, -- a maker that is trusted vouches for it
  virtual  BOOLEAN NOT NULL, -- software, or nobody says that it is not
  created  BIGINT NOT NULL, -- ms
  seen_at  BIGINT NOT NULL, -- ms, the last statement came
  clock_ms BIGINT NOT NULL, -- the chip's clock then, ms
  resets   BIGINT NOT NULL, -- its starts, or a number with the same differences
  restarts BIGINT NOT NULL, -- its resumes, likewise
  safe     BOOLEAN NOT NULL, -- the clock has not lost anything
  counter  BIGINT NOT NULL -- the newest certified generation counter, 0 for none
);
CREATE INDEX chip_ek_name ON chip (ek_name);

-- Challenges that wait for their answer.
CREATE TABLE challenge (
  device  BYTEA NOT NULL PRIMARY KEY REFERENCES device ON DELETE CASCADE, -- whose
  pending BYTEA NOT NULL, -- what the answer is checked with, JSON
  created BIGINT NOT NULL -- ms
);

-- Where the NV indices of caches of level A stand.
CREATE TABLE cache_slot (
  device   BYTEA NOT NULL REFERENCES device ON DELETE CASCADE, -- whose
  cache    BYTEA NOT NULL, -- the client's GUID of the cache
  counter  BIGINT NOT NULL, -- handle
  pin_fail BIGINT NOT NULL, -- handle
  pin_pass BIGINT NOT NULL, -- handle, 0 for none
  created  BIGINT NOT NULL, -- ms
  PRIMARY KEY (device, cache)
);

-- What was permitted on them.
CREATE TABLE permit (
  id        BYTEA NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  device    BYTEA NOT NULL, -- whose
  cache     BYTEA NOT NULL, -- of which cache
  idx       TEXT NOT NULL, -- pin_fail, pin_pass
  kind      TEXT NOT NULL, -- first_write, rewrite, rekey
  count     BIGINT NOT NULL, -- to be written
  top       BIGINT NOT NULL, -- limit to be written
  created   BIGINT NOT NULL, -- ms
  shown_at  BIGINT, -- ms, a reading showed the write
  FOREIGN KEY (device, cache) REFERENCES cache_slot (device, cache) ON DELETE CASCADE
);
CREATE INDEX permit_cache ON permit (device, cache, created);

-- The newest certified reading of each index.
CREATE TABLE reading (
  device  BYTEA NOT NULL, -- whose
  cache   BYTEA NOT NULL, -- of which cache
  idx     TEXT NOT NULL, -- counter, pin_fail, pin_pass
  value   BIGINT NOT NULL, -- the counter, or count and limit of 32 bits each
  created BIGINT NOT NULL, -- ms
  PRIMARY KEY (device, cache, idx),
  FOREIGN KEY (device, cache) REFERENCES cache_slot (device, cache) ON DELETE CASCADE
);
