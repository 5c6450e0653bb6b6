-- Identifiers are GUIDs in network byte order. Times are milliseconds since
-- 1970-01-01 UTC. "Ciphertext" is what server/keyring made, and stands beside
-- the identifier of its data key. rev 0 means: written by a transaction that
-- has not committed yet, so nobody else ever sees it.

-- +goose Up

-- What has changed, and where the audit chain ends. One row. Taken last in each
-- write transaction, so that the numbers grow in the order of commits.
CREATE TABLE counter (
  id         BIGINT  NOT NULL PRIMARY KEY CHECK (id = 1), -- always 1
  rev        BIGINT  NOT NULL, -- transactions that changed content
  perm       BIGINT  NOT NULL, -- transactions that changed permissions
  gov        BIGINT  NOT NULL, -- transactions that changed settings, devices, keys
  audit_seq  BIGINT  NOT NULL, -- number of the last audit event
  audit_hash BYTEA   NOT NULL CHECK (length(audit_hash) = 32), -- its hash, zeros before the first
  horizon    BIGINT  NOT NULL  -- highest rev whose tombstones were purged
);
INSERT INTO counter (id, rev, perm, gov, audit_seq, audit_hash, horizon)
VALUES (1, 0, 0, 0, 0, decode(repeat('00', 32), 'hex'), 0);

-- Marks about the database itself.
CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY, -- which mark
  value BYTEA                      -- as its owner writes it
);

-- Values that administrators set.
CREATE TABLE setting (
  name       TEXT    NOT NULL PRIMARY KEY, -- which setting
  value      BYTEA,                         -- as its owner writes it, or a ciphertext
  data_key   BYTEA,                         -- data key of a ciphertext, NULL for clear values
  version    BIGINT  NOT NULL,             -- number of writes
  written_by BYTEA,                         -- user, NULL for a command on the server
  written_at BIGINT  NOT NULL              -- ms
);

-- Accounts.
CREATE TABLE usr (
  id            BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  name          TEXT    NOT NULL,        -- as given
  name_fold     TEXT    NOT NULL UNIQUE, -- for lookup, see store.Fold
  display       TEXT    NOT NULL,        -- full name, may be empty
  password_hash TEXT    NOT NULL,        -- PHC string, empty for no password
  state         BIGINT  NOT NULL,        -- 1 active, 2 disabled, 3 suspended
  source        BIGINT  NOT NULL,        -- 1 local, 2 LDAP, 3 OIDC, 4 SCIM
  external_id   TEXT    NOT NULL,        -- identifier in the source, empty for none
  policy        BYTEA,                    -- own rules, as vault/policy writes them
  stamp         BIGINT  NOT NULL,        -- sessions with a lower one are void
  created       BIGINT  NOT NULL,        -- ms
  modified      BIGINT,                 -- ms
  disabled_at   BIGINT,                 -- ms, NULL unless disabled
  last_sign_in  BIGINT,                 -- ms
  failures      BIGINT  NOT NULL,        -- wrong passwords since the last right one
  last_failure  BIGINT,                 -- ms
  locked_until  BIGINT                  -- ms
);
CREATE UNIQUE INDEX usr_external ON usr (source, external_id) WHERE external_id <> '';

-- Second factors.
CREATE TABLE factor (
  id        BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  usr       BYTEA   NOT NULL REFERENCES usr ON DELETE CASCADE,    -- whose
  kind      BIGINT  NOT NULL, -- 1 TOTP, 2 passkey, 3 recovery codes
  name      TEXT    NOT NULL, -- as the user called it
  secret    BYTEA,             -- ciphertext
  data_key  BYTEA,             -- data key of secret
  version   BIGINT  NOT NULL, -- of secret
  last_step BIGINT  NOT NULL, -- last accepted time step or signature count
  confirmed BIGINT,          -- ms, NULL while being set up
  created   BIGINT  NOT NULL  -- ms
);
CREATE INDEX factor_usr ON factor (usr);

-- Sets of users.
CREATE TABLE role (
  id          BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  name        TEXT    NOT NULL,        -- as given
  name_fold   TEXT    NOT NULL UNIQUE, -- for lookup
  rights      BIGINT  NOT NULL,        -- administrative rights, bits of vault/policy
  source      BIGINT  NOT NULL,        -- as in usr
  external_id TEXT    NOT NULL,        -- identifier in the source, empty for none
  policy      BYTEA,                    -- own rules, as vault/policy writes them
  created     BIGINT  NOT NULL,        -- ms
  modified    BIGINT                  -- ms
);
CREATE UNIQUE INDEX role_external ON role (source, external_id) WHERE external_id <> '';

-- Who has which role.
CREATE TABLE member (
  role BYTEA NOT NULL REFERENCES role ON DELETE CASCADE, -- the role
  usr  BYTEA NOT NULL REFERENCES usr ON DELETE CASCADE,  -- who has it
  PRIMARY KEY (role, usr)
);
CREATE INDEX member_usr ON member (usr);

-- Enrolled installations.
CREATE TABLE device (
  id             BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  usr            BYTEA   NOT NULL REFERENCES usr ON DELETE CASCADE,    -- whose
  name           TEXT    NOT NULL,        -- as the client gave it
  os             TEXT    NOT NULL,        -- operating system
  public_key     BYTEA   NOT NULL UNIQUE, -- SPKI DER of the signing key
  level          TEXT    NOT NULL,        -- binding level A, B, B0, C, D
  virtual_tpm    BOOLEAN NOT NULL, -- software TPM
  root_name      BYTEA,                    -- Name of the storage root key
  client_version TEXT    NOT NULL,        -- of the program
  address        TEXT    NOT NULL,        -- IP address at enrolment
  state          BIGINT  NOT NULL,        -- 1 pending, 2 approved, 3 suspended, 4 revoked, 5 wiped, 6 denied
  why            TEXT    NOT NULL,        -- reason of the state
  decided_by     BYTEA,                    -- user who set the state
  decided_at     BIGINT,                 -- ms
  wiped_at       BIGINT,                 -- ms, when the receipt came
  policy         BYTEA,                    -- own rules, as vault/policy writes them
  created        BIGINT  NOT NULL,        -- ms
  lease_seq      BIGINT  NOT NULL,        -- number of the last lease
  lease_end      BIGINT,                 -- ms, latest end of any lease
  last_seen      BIGINT,                 -- ms
  last_address   TEXT    NOT NULL         -- IP address at the last contact
);
CREATE INDEX device_usr ON device (usr);
CREATE INDEX device_state ON device (state);

-- Sessions and bearer tokens.
CREATE TABLE token (
  hash      BYTEA   NOT NULL PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the token
  kind      BIGINT  NOT NULL, -- 1 API, 2 console, 3 set-up link, 4 feed
  usr       BYTEA   NOT NULL REFERENCES usr ON DELETE CASCADE, -- whose
  device    BYTEA   REFERENCES device ON DELETE CASCADE, -- bound to, NULL for none
  stamp     BIGINT  NOT NULL, -- usr.stamp at issue
  created   BIGINT  NOT NULL, -- ms
  expires   BIGINT  NOT NULL, -- ms
  last_used BIGINT,          -- ms
  confirms  BIGINT,          -- ms, last time that presence was proved again
  address   TEXT    NOT NULL, -- IP address at issue
  agent     TEXT    NOT NULL  -- User-Agent at issue
);
CREATE INDEX token_usr ON token (usr);
CREATE INDEX token_device ON token (device);
CREATE INDEX token_expires ON token (expires);

-- Nonces that were used.
CREATE TABLE spent (
  nonce   BYTEA   NOT NULL PRIMARY KEY CHECK (length(nonce) = 32), -- SHA-256 of the nonce
  expires BIGINT  NOT NULL -- ms, when the row may go
);
CREATE INDEX spent_expires ON spent (expires);

-- Named sets of rights.
CREATE TABLE access_level (
  id        BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  name      TEXT    NOT NULL,        -- as given
  name_fold TEXT    NOT NULL UNIQUE, -- for lookup
  actions   BIGINT  NOT NULL,        -- bits of vault/policy
  grants    BIGINT  NOT NULL,        -- bits that the holder may give to others
  built_in  BOOLEAN NOT NULL, -- made by init
  created   BIGINT  NOT NULL         -- ms
);

-- Folders. Exactly one has no parent.
CREATE TABLE folder (
  id          BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  parent      BYTEA   REFERENCES folder, -- NULL for the root
  content     BYTEA,                      -- ciphertext: name, notes, icon
  data_key    BYTEA,                      -- data key of content
  version     BIGINT  NOT NULL,          -- of content
  rev         BIGINT  NOT NULL,          -- counter.rev of the last change
  block       BOOLEAN NOT NULL, -- grants from above do not reach it
  flags       BIGINT  NOT NULL,          -- bits of vault/policy
  created     BIGINT  NOT NULL,          -- ms
  modified    BIGINT,                   -- ms
  archived    BIGINT                    -- ms, NULL for not archived
);
CREATE INDEX folder_parent ON folder (parent);
CREATE INDEX folder_rev ON folder (rev);
CREATE UNIQUE INDEX folder_root ON folder ((parent IS NULL)) WHERE parent IS NULL;

-- Credentials.
CREATE TABLE entry (
  id          BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  folder      BYTEA   NOT NULL REFERENCES folder, -- where it is
  content     BYTEA,             -- ciphertext: all fields
  data_key    BYTEA,             -- data key of content
  version     BIGINT  NOT NULL, -- of content
  rev         BIGINT  NOT NULL, -- counter.rev of the last change
  flags       BIGINT  NOT NULL, -- bits of vault/policy
  created     BIGINT  NOT NULL, -- ms
  modified    BIGINT,          -- ms
  modified_by BYTEA,             -- user, NULL for an import
  expires     BIGINT,          -- ms, NULL for never
  archived    BIGINT           -- ms, NULL for not archived
);
CREATE INDEX entry_folder ON entry (folder);
CREATE INDEX entry_rev ON entry (rev);

-- Older versions of entries.
CREATE TABLE entry_history (
  entry       BYTEA   NOT NULL REFERENCES entry ON DELETE CASCADE, -- of which
  version     BIGINT  NOT NULL, -- which version
  content     BYTEA,             -- ciphertext, as it was in entry
  data_key    BYTEA,             -- data key of content
  modified    BIGINT,          -- ms
  modified_by BYTEA,             -- user, NULL for an import
  PRIMARY KEY (entry, version)
);

-- Contents of attachments, shared by the versions of one entry.
CREATE TABLE blob (
  id       BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  entry    BYTEA   NOT NULL REFERENCES entry ON DELETE CASCADE,  -- whose
  tag      BYTEA   NOT NULL CHECK (length(tag) = 32), -- keyed digest of the content
  size     BIGINT  NOT NULL, -- bytes before encryption
  chunks   BIGINT  NOT NULL, -- number of rows in blob_chunk
  data_key BYTEA   NOT NULL, -- data key of all chunks
  created  BIGINT  NOT NULL, -- ms
  UNIQUE (entry, tag)
);

-- Pieces of contents.
CREATE TABLE blob_chunk (
  blob    BYTEA   NOT NULL REFERENCES blob ON DELETE CASCADE, -- of which
  number  BIGINT  NOT NULL, -- from 0
  content BYTEA   NOT NULL, -- ciphertext
  PRIMARY KEY (blob, number)
);

-- Names of attachments, and in which versions they are.
CREATE TABLE attachment (
  id            BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  entry         BYTEA   NOT NULL REFERENCES entry ON DELETE CASCADE,  -- of which
  blob          BYTEA   NOT NULL REFERENCES blob, -- content
  name          BYTEA,             -- ciphertext
  data_key      BYTEA,             -- data key of name
  since_version BIGINT  NOT NULL, -- first version that has it
  until_version BIGINT           -- first version that no longer has it, NULL while the current one has it
);
CREATE INDEX attachment_entry ON attachment (entry);
CREATE INDEX attachment_blob ON attachment (blob);

-- Pictures.
CREATE TABLE icon (
  id       BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  content  BYTEA,             -- ciphertext: picture and name
  data_key BYTEA,             -- data key of content
  version  BIGINT  NOT NULL, -- of content
  tag      BYTEA   NOT NULL UNIQUE CHECK (length(tag) = 32), -- keyed digest of the picture
  rev      BIGINT  NOT NULL, -- counter.rev of the last change
  modified BIGINT           -- ms
);
CREATE INDEX icon_rev ON icon (rev);

-- What was deleted.
CREATE TABLE tombstone (
  kind    BIGINT  NOT NULL, -- 1 folder, 2 entry, 3 icon
  id      BYTEA   NOT NULL, -- of the row that was deleted
  rev     BIGINT  NOT NULL, -- counter.rev of the deletion
  deleted BIGINT  NOT NULL, -- ms
  PRIMARY KEY (kind, id)
);
CREATE INDEX tombstone_rev ON tombstone (rev);

-- Who may do what where. One of folder and entry, one of usr and role.
CREATE TABLE access (
  id         BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  folder     BYTEA   REFERENCES folder ON DELETE CASCADE, -- on this folder and below
  entry      BYTEA   REFERENCES entry ON DELETE CASCADE,  -- on this entry
  usr        BYTEA   REFERENCES usr ON DELETE CASCADE,    -- for this user
  role       BYTEA   REFERENCES role ON DELETE CASCADE,   -- for all who have this role
  level      BYTEA   NOT NULL REFERENCES access_level,    -- which rights
  until      BIGINT,          -- ms, NULL for ever
  granted_by BYTEA,             -- user, NULL for a command on the server
  created    BIGINT  NOT NULL, -- ms
  CHECK ((folder IS NULL) <> (entry IS NULL)),
  CHECK ((usr IS NULL) <> (role IS NULL))
);
CREATE INDEX access_folder ON access (folder);
CREATE INDEX access_entry ON access (entry);
CREATE INDEX access_usr ON access (usr);
CREATE INDEX access_role ON access (role);
CREATE INDEX access_level_used ON access (level);

-- Caches that were sent to devices.
CREATE TABLE generation (
  device      BYTEA   NOT NULL REFERENCES device ON DELETE CASCADE, -- to which
  cache       BYTEA   NOT NULL, -- the client's GUID of the cache
  number      BIGINT  NOT NULL, -- as the client declared it
  state       BIGINT  NOT NULL, -- 1 pending, 2 proven, 3 given up, 4 cleared
  record      BYTEA,             -- SHA-256 of the TPM record
  root_name   BYTEA,             -- Name of the storage root key
  level       TEXT    NOT NULL, -- binding level
  virtual_tpm BOOLEAN NOT NULL, -- software TPM
  clock_ms    BIGINT  NOT NULL, -- TPM clock at the request, ms since its start
  resets      BIGINT  NOT NULL, -- TPM resetCount at the request
  user_name   TEXT    NOT NULL, -- as the user typed it
  comment     TEXT    NOT NULL, -- why, as the user wrote it
  event       BYTEA,             -- audit event of the sending
  created     BIGINT  NOT NULL, -- ms
  proven_at   BIGINT,          -- ms
  ended_at    BIGINT,          -- ms
  PRIMARY KEY (device, cache, number)
);

-- Which entries the caches hold. Deleted entries stay until they left the device.
CREATE TABLE device_cache (
  device     BYTEA   NOT NULL REFERENCES device ON DELETE CASCADE, -- which device
  generation BIGINT  NOT NULL, -- generation.number
  entry      BYTEA   NOT NULL, -- which entry
  version    BIGINT  NOT NULL, -- in which version
  PRIMARY KEY (device, generation, entry)
);
CREATE INDEX device_cache_entry ON device_cache (entry);

-- Leases that were signed.
CREATE TABLE lease (
  id         BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- jti
  device     BYTEA   NOT NULL REFERENCES device ON DELETE CASCADE, -- for which
  cache      BYTEA   NOT NULL, -- the client's GUID of the cache
  generation BIGINT  NOT NULL, -- generation.number
  seq        BIGINT  NOT NULL, -- issue number in the device
  key_id     TEXT    NOT NULL, -- kid of the signing key
  epoch      BIGINT  NOT NULL, -- kill-switch epoch
  issued     BIGINT  NOT NULL, -- ms
  expires    BIGINT  NOT NULL, -- ms
  entries    BIGINT  NOT NULL, -- number of entries in the cache
  digest     BYTEA,             -- SHA-256 of the stream that it ended, NULL for a renewal
  UNIQUE (device, seq)
);
CREATE INDEX lease_expires ON lease (expires);

-- Journals that devices wrote while offline. They outlive the device's row.
CREATE TABLE device_event (
  device     BYTEA   NOT NULL, -- which device
  chain      BYTEA   NOT NULL CHECK (length(chain) = 16), -- which of its journals, zeros for the first
  seq        BIGINT  NOT NULL, -- number in the journal, from 1
  happened   BIGINT  NOT NULL, -- ms, the device's clock
  received   BIGINT  NOT NULL, -- ms, our clock
  type       TEXT    NOT NULL, -- unlock, reveal, copy and so on
  entry      BYTEA,             -- which entry it concerns
  detail     BYTEA,             -- as the device wrote it
  generation BIGINT  NOT NULL, -- generation.number
  prev       BYTEA   NOT NULL CHECK (length(prev) = 32), -- hash of the event before
  hash       BYTEA   NOT NULL CHECK (length(hash) = 32), -- hash of this one
  PRIMARY KEY (device, chain, seq)
);

-- The server's audit, one chain.
CREATE TABLE audit_event (
  id          BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  seq         BIGINT  UNIQUE,   -- number in the chain, from 1, NULL only before commit
  happened    BIGINT  NOT NULL, -- ms
  actor       BYTEA,             -- user who did it
  name        TEXT    NOT NULL, -- the actor's name at that time
  device      BYTEA,             -- device from which
  action      TEXT    NOT NULL, -- what
  outcome     TEXT    NOT NULL, -- ok, or the cause of the refusal
  target      BYTEA,             -- what it concerns
  address     TEXT    NOT NULL, -- IP address
  comment     TEXT    NOT NULL, -- why, as the user wrote it
  detail      BYTEA,             -- more evidence
  objects_sum BYTEA   NOT NULL CHECK (length(objects_sum) = 32), -- digest of audit_object, zeros for none
  prev        BYTEA,             -- hash of the event before, 32 bytes
  hash        BYTEA             -- hash of this one, 32 bytes
);
CREATE INDEX audit_event_happened ON audit_event (happened);
CREATE INDEX audit_event_actor ON audit_event (actor, seq);
CREATE INDEX audit_event_device ON audit_event (device, seq);
CREATE INDEX audit_event_target ON audit_event (target, seq);

-- Entries that an audit event concerns.
CREATE TABLE audit_object (
  event   BYTEA   NOT NULL REFERENCES audit_event, -- which event
  number  BIGINT  NOT NULL, -- from 0, in the order of appending
  entry   BYTEA   NOT NULL, -- which entry
  version BIGINT  NOT NULL, -- in which version
  PRIMARY KEY (event, number)
);
CREATE INDEX audit_object_entry ON audit_object (entry);

-- Keys that encrypt rows.
CREATE TABLE data_key (
  id      BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  purpose BIGINT  NOT NULL, -- see server/keyring
  wrapped BYTEA   NOT NULL, -- the key, encrypted with a KEK
  kek     TEXT    NOT NULL, -- identifier of that KEK
  uses    BIGINT  NOT NULL, -- seals, about
  created BIGINT  NOT NULL, -- ms
  retired BIGINT           -- ms, NULL for the active key
);
CREATE UNIQUE INDEX data_key_active ON data_key (purpose) WHERE retired IS NULL;

-- Signing keys under the identity root.
CREATE TABLE sub_key (
  id         TEXT    NOT NULL PRIMARY KEY, -- kid
  used_for   TEXT    NOT NULL, -- lease, order, list, tpm, tls
  public_key BYTEA   NOT NULL, -- SPKI DER
  private    BYTEA,             -- ciphertext
  data_key   BYTEA,             -- data key of private
  signature  BYTEA,             -- by the identity root
  created    BIGINT  NOT NULL, -- ms
  not_after  BIGINT,          -- ms
  retired    BIGINT           -- ms, NULL while in use
);

-- What users ask administrators for.
CREATE TABLE request (
  id         BYTEA   NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  usr        BYTEA   NOT NULL REFERENCES usr ON DELETE CASCADE,    -- who asks
  device     BYTEA   REFERENCES device ON DELETE SET NULL, -- from which device
  action     TEXT    NOT NULL, -- offline, change
  target     BYTEA,             -- entry or folder
  content    BYTEA,             -- ciphertext: the draft
  data_key   BYTEA,             -- data key of content
  comment    TEXT    NOT NULL, -- why, as the user wrote it
  state      BIGINT  NOT NULL, -- 1 open, 2 granted, 3 denied
  decided_by BYTEA,             -- who decided
  decided_at BIGINT,          -- ms
  created    BIGINT  NOT NULL  -- ms
);
CREATE INDEX request_usr ON request (usr);
CREATE INDEX request_device ON request (device);
CREATE INDEX request_state ON request (state);
