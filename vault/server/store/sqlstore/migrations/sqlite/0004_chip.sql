-- +goose Up

-- What the chip of a device has shown. No row: nothing was proved.
CREATE TABLE chip (
  device   BLOB NOT NULL PRIMARY KEY REFERENCES device ON DELETE CASCADE, -- whose
  ek_name  BLOB NOT NULL, -- Name of the endorsement key: the same chip, the same Name
  identity BLOB NOT NULL, -- the rest of what tpm/attest keeps, JSON
  proven   INTEGER NOT NULL CHECK (proven IN (0, 1)), -- a maker that is trusted vouches for it
  virtual  INTEGER NOT NULL CHECK (virtual IN (0, 1)), -- software, or nobody says that it is not
  created  INTEGER NOT NULL, -- ms
  seen_at  INTEGER NOT NULL, -- ms, the last statement came
  clock_ms INTEGER NOT NULL, -- the chip's clock then, ms
  resets   INTEGER NOT NULL, -- its starts, or a number with the same differences
  restarts INTEGER NOT NULL, -- its resumes, likewise
  safe     INTEGER NOT NULL CHECK (safe IN (0, 1)), -- the clock has not lost anything
  counter  INTEGER NOT NULL -- the newest certified generation counter, 0 for none
) STRICT;
CREATE INDEX chip_ek_name ON chip (ek_name);

-- Challenges that wait for their answer.
CREATE TABLE challenge (
  device  BLOB NOT NULL PRIMARY KEY REFERENCES device ON DELETE CASCADE, -- whose
  pending BLOB NOT NULL, -- what the answer is checked with, JSON
  created INTEGER NOT NULL -- ms
) STRICT;

-- Where the NV indices of caches of level A stand.
CREATE TABLE cache_slot (
  device   BLOB NOT NULL REFERENCES device ON DELETE CASCADE, -- whose
  cache    BLOB NOT NULL, -- the client's GUID of the cache
  counter  INTEGER NOT NULL, -- handle
  pin_fail INTEGER NOT NULL, -- handle
  pin_pass INTEGER NOT NULL, -- handle, 0 for none
  created  INTEGER NOT NULL, -- ms
  PRIMARY KEY (device, cache)
) STRICT;

-- What was permitted on them.
CREATE TABLE permit (
  id        BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  device    BLOB NOT NULL, -- whose
  cache     BLOB NOT NULL, -- of which cache
  idx       TEXT NOT NULL, -- pin_fail, pin_pass
  kind      TEXT NOT NULL, -- first_write, rewrite, rekey
  count     INTEGER NOT NULL, -- to be written
  top       INTEGER NOT NULL, -- limit to be written
  created   INTEGER NOT NULL, -- ms
  shown_at  INTEGER, -- ms, a reading showed the write
  FOREIGN KEY (device, cache) REFERENCES cache_slot (device, cache) ON DELETE CASCADE
) STRICT;
CREATE INDEX permit_cache ON permit (device, cache, created);

-- The newest certified reading of each index.
CREATE TABLE reading (
  device  BLOB NOT NULL, -- whose
  cache   BLOB NOT NULL, -- of which cache
  idx     TEXT NOT NULL, -- counter, pin_fail, pin_pass
  value   INTEGER NOT NULL, -- the counter, or count and limit of 32 bits each
  created INTEGER NOT NULL, -- ms
  PRIMARY KEY (device, cache, idx),
  FOREIGN KEY (device, cache) REFERENCES cache_slot (device, cache) ON DELETE CASCADE
) STRICT;
