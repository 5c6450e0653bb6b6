-- Identifiers are GUIDs in network byte order. Times are milliseconds since
-- 1970-01-01 UTC. "Ciphertext" is what server/keyring made, and stands beside
-- the identifier of its data key. rev 0 means: written by a transaction that
-- has not committed yet, so nobody else ever sees it.

-- +goose Up

-- What has changed, and where the audit chain ends. One row. Taken last in each
-- write transaction, so that the numbers grow in the order of commits.
CREATE TABLE counter (
  id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), -- always 1
  rev        INTEGER NOT NULL, -- transactions that changed content
  perm       INTEGER NOT NULL, -- transactions that changed permissions
  gov        INTEGER NOT NULL, -- transactions that changed settings, devices, keys
  audit_seq  INTEGER NOT NULL, -- number of the last audit event
  audit_hash BLOB    NOT NULL CHECK (length(audit_hash) = 32), -- its hash, zeros before the first
  horizon    INTEGER NOT NULL  -- highest rev whose tombstones were purged
) STRICT;
INSERT INTO counter (id, rev, perm, gov, audit_seq, audit_hash, horizon)
VALUES (1, 0, 0, 0, 0, zeroblob(32), 0);

-- Marks about the database itself.
CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY, -- which mark
  value BLOB                       -- as its owner writes it
) STRICT;

-- Values that administrators set.
CREATE TABLE setting (
  name       TEXT    NOT NULL PRIMARY KEY, -- which setting
  value      BLOB,                         -- as its owner writes it, or a ciphertext
  data_key   BLOB,                         -- data key of a ciphertext, NULL for clear values
  version    INTEGER NOT NULL,             -- number of writes
  written_by BLOB,                         -- user, NULL for a command on the server
  written_at INTEGER NOT NULL              -- ms
) STRICT;

-- Accounts.
CREATE TABLE usr (
  id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  name          TEXT    NOT NULL,        -- as given
  name_fold     TEXT    NOT NULL UNIQUE, -- for lookup, see store.Fold
  display       TEXT    NOT NULL,        -- full name, may be empty
  password_hash TEXT    NOT NULL,        -- PHC string, empty for no password
  state         INTEGER NOT NULL,        -- 1 active, 2 disabled, 3 suspended
  source        INTEGER NOT NULL,        -- 1 local, 2 LDAP, 3 OIDC, 4 SCIM
  external_id   TEXT    NOT NULL,        -- identifier in the source, empty for none
  policy        BLOB,                    -- own rules, as vault/policy writes them
  stamp         INTEGER NOT NULL,        -- sessions with a lower one are void
  created       INTEGER NOT NULL,        -- ms
  modified      INTEGER,                 -- ms
  disabled_at   INTEGER,                 -- ms, NULL unless disabled
  last_sign_in  INTEGER,                 -- ms
  failures      INTEGER NOT NULL,        -- wrong passwords since the last right one
  last_failure  INTEGER,                 -- ms
  locked_until  INTEGER                  -- ms
) STRICT;
CREATE UNIQUE INDEX usr_external ON usr (source, external_id) WHERE external_id <> '';

-- Second factors.
CREATE TABLE factor (
  id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  usr       BLOB    NOT NULL REFERENCES usr ON DELETE CASCADE,    -- whose
  kind      INTEGER NOT NULL, -- 1 TOTP, 2 passkey, 3 recovery codes
  name      TEXT    NOT NULL, -- as the user called it
  secret    BLOB,             -- ciphertext
  data_key  BLOB,             -- data key of secret
  version   INTEGER NOT NULL, -- of secret
  last_step INTEGER NOT NULL, -- last accepted time step or signature count
  confirmed INTEGER,          -- ms, NULL while being set up
  created   INTEGER NOT NULL  -- ms
) STRICT;
CREATE INDEX factor_usr ON factor (usr);

-- Sets of users.
CREATE TABLE role (
  id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  name        TEXT    NOT NULL,        -- as given
  name_fold   TEXT    NOT NULL UNIQUE, -- for lookup
  rights      INTEGER NOT NULL,        -- administrative rights, bits of vault/policy
  source      INTEGER NOT NULL,        -- as in usr
  external_id TEXT    NOT NULL,        -- identifier in the source, empty for none
  policy      BLOB,                    -- own rules, as vault/policy writes them
  created     INTEGER NOT NULL,        -- ms
  modified    INTEGER                  -- ms
) STRICT;
CREATE UNIQUE INDEX role_external ON role (source, external_id) WHERE external_id <> '';

-- Who has which role.
CREATE TABLE member (
  role BLOB NOT NULL REFERENCES role ON DELETE CASCADE, -- the role
  usr  BLOB NOT NULL REFERENCES usr ON DELETE CASCADE,  -- who has it
  PRIMARY KEY (role, usr)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_usr ON member (usr);

-- Enrolled installations.
CREATE TABLE device (
  id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  usr            BLOB    NOT NULL REFERENCES usr ON DELETE CASCADE,    -- whose
  name           TEXT    NOT NULL,        -- as the client gave it
  os             TEXT    NOT NULL,        -- operating system
  public_key     BLOB    NOT NULL UNIQUE, -- SPKI DER of the signing key
  level          TEXT    NOT NULL,        -- binding level A, B, B0, C, D
  virtual_tpm    INTEGER NOT NULL CHECK (virtual_tpm IN (0, 1)), -- software TPM
  root_name      BLOB,                    -- Name of the storage root key
  client_version TEXT    NOT NULL,        -- of the program
  address        TEXT    NOT NULL,        -- IP address at enrolment
  state          INTEGER NOT NULL,        -- 1 pending, 2 approved, 3 suspended, 4 revoked, 5 wiped, 6 denied
  why            TEXT    NOT NULL,        -- reason of the state
  decided_by     BLOB,                    -- user who set the state
  decided_at     INTEGER,                 -- ms
  wiped_at       INTEGER,                 -- ms, when the receipt came
  policy         BLOB,                    -- own rules, as vault/policy writes them
  created        INTEGER NOT NULL,        -- ms
  lease_seq      INTEGER NOT NULL,        -- number of the last lease
  lease_end      INTEGER,                 -- ms, latest end of any lease
  last_seen      INTEGER,                 -- ms
  last_address   TEXT    NOT NULL         -- IP address at the last contact
) STRICT;
CREATE INDEX device_usr ON device (usr);
CREATE INDEX device_state ON device (state);

-- Sessions and bearer tokens.
CREATE TABLE token (
  hash      BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the token
  kind      INTEGER NOT NULL, -- 1 API, 2 console, 3 set-up link, 4 feed
  usr       BLOB    NOT NULL REFERENCES usr ON DELETE CASCADE, -- whose
  device    BLOB    REFERENCES device ON DELETE CASCADE, -- bound to, NULL for none
  stamp     INTEGER NOT NULL, -- usr.stamp at issue
  created   INTEGER NOT NULL, -- ms
  expires   INTEGER NOT NULL, -- ms
  last_used INTEGER,          -- ms
  confirms  INTEGER,          -- ms, last time that presence was proved again
  address   TEXT    NOT NULL, -- IP address at issue
  agent     TEXT    NOT NULL  -- User-Agent at issue
) STRICT;
CREATE INDEX token_usr ON token (usr);
CREATE INDEX token_device ON token (device);
CREATE INDEX token_expires ON token (expires);

-- Nonces that were used.
CREATE TABLE spent (
  nonce   BLOB    NOT NULL PRIMARY KEY CHECK (length(nonce) = 32), -- SHA-256 of the nonce
  expires INTEGER NOT NULL -- ms, when the row may go
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_expires ON spent (expires);

-- Named sets of rights.
CREATE TABLE access_level (
  id        BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  name      TEXT    NOT NULL,        -- as given
  name_fold TEXT    NOT NULL UNIQUE, -- for lookup
  actions   INTEGER NOT NULL,        -- bits of vault/policy
  grants    INTEGER NOT NULL,        -- bits that the holder may give to others
  built_in  INTEGER NOT NULL CHECK (built_in IN (0, 1)), -- made by init
  created   INTEGER NOT NULL         -- ms
) STRICT;

-- Folders. Exactly one has no parent.
CREATE TABLE folder (
  id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  parent      BLOB    REFERENCES folder, -- NULL for the root
  content     BLOB,                      -- ciphertext: name, notes, icon
  data_key    BLOB,                      -- data key of content
  version     INTEGER NOT NULL,          -- of content
  rev         INTEGER NOT NULL,          -- counter.rev of the last change
  block       INTEGER NOT NULL CHECK (block IN (0, 1)), -- grants from above do not reach it
  flags       INTEGER NOT NULL,          -- bits of vault/policy
  created     INTEGER NOT NULL,          -- ms
  modified    INTEGER,                   -- ms
  archived    INTEGER                    -- ms, NULL for not archived
) STRICT;
CREATE INDEX folder_parent ON folder (parent);
CREATE INDEX folder_rev ON folder (rev);
CREATE UNIQUE INDEX folder_root ON folder ((parent IS NULL)) WHERE parent IS NULL;

-- Credentials.
CREATE TABLE entry (
  id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  folder      BLOB    NOT NULL REFERENCES folder, -- where it is
  content     BLOB,             -- ciphertext: all fields
  data_key    BLOB,             -- data key of content
  version     INTEGER NOT NULL, -- of content
  rev         INTEGER NOT NULL, -- counter.rev of the last change
  flags       INTEGER NOT NULL, -- bits of vault/policy
  created     INTEGER NOT NULL, -- ms
  modified    INTEGER,          -- ms
  modified_by BLOB,             -- user, NULL for an import
  expires     INTEGER,          -- ms, NULL for never
  archived    INTEGER           -- ms, NULL for not archived
) STRICT;
CREATE INDEX entry_folder ON entry (folder);
CREATE INDEX entry_rev ON entry (rev);

-- Older versions of entries.
CREATE TABLE entry_history (
  entry       BLOB    NOT NULL REFERENCES entry ON DELETE CASCADE, -- of which
  version     INTEGER NOT NULL, -- which version
  content     BLOB,             -- ciphertext, as it was in entry
  data_key    BLOB,             -- data key of content
  modified    INTEGER,          -- ms
  modified_by BLOB,             -- user, NULL for an import
  PRIMARY KEY (entry, version)
) STRICT;

-- Contents of attachments, shared by the versions of one entry.
CREATE TABLE blob (
  id       BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  entry    BLOB    NOT NULL REFERENCES entry ON DELETE CASCADE,  -- whose
  tag      BLOB    NOT NULL CHECK (length(tag) = 32), -- keyed digest of the content
  size     INTEGER NOT NULL, -- bytes before encryption
  chunks   INTEGER NOT NULL, -- number of rows in blob_chunk
  data_key BLOB    NOT NULL, -- data key of all chunks
  created  INTEGER NOT NULL, -- ms
  UNIQUE (entry, tag)
) STRICT;

-- Pieces of contents.
CREATE TABLE blob_chunk (
  blob    BLOB    NOT NULL REFERENCES blob ON DELETE CASCADE, -- of which
  number  INTEGER NOT NULL, -- from 0
  content BLOB    NOT NULL, -- ciphertext
  PRIMARY KEY (blob, number)
) STRICT;

-- Names of attachments, and in which versions they are.
CREATE TABLE attachment (
  id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  entry         BLOB    NOT NULL REFERENCES entry ON DELETE CASCADE,  -- of which
  blob          BLOB    NOT NULL REFERENCES blob, -- content
  name          BLOB,             -- ciphertext
  data_key      BLOB,             -- data key of name
  since_version INTEGER NOT NULL, -- first version that has it
  until_version INTEGER           -- first version that no longer has it, NULL while the current one has it
) STRICT;
CREATE INDEX attachment_entry ON attachment (entry);
CREATE INDEX attachment_blob ON attachment (blob);

-- Pictures.
CREATE TABLE icon (
  id       BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  content  BLOB,             -- ciphertext: picture and name
  data_key BLOB,             -- data key of content
  version  INTEGER NOT NULL, -- of content
  tag      BLOB    NOT NULL UNIQUE CHECK (length(tag) = 32), -- keyed digest of the picture
  rev      INTEGER NOT NULL, -- counter.rev of the last change
  modified INTEGER           -- ms
) STRICT;
CREATE INDEX icon_rev ON icon (rev);

-- What was deleted.
CREATE TABLE tombstone (
  kind    INTEGER NOT NULL, -- 1 folder, 2 entry, 3 icon
  id      BLOB    NOT NULL, -- of the row that was deleted
  rev     INTEGER NOT NULL, -- counter.rev of the deletion
  deleted INTEGER NOT NULL, -- ms
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_rev ON tombstone (rev);

-- Who may do what where. One of folder and entry, one of usr and role.
CREATE TABLE access (
  id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  folder     BLOB    REFERENCES folder ON DELETE CASCADE, -- on this folder and below
  entry      BLOB    REFERENCES entry ON DELETE CASCADE,  -- on this entry
  usr        BLOB    REFERENCES usr ON DELETE CASCADE,    -- for this user
  role       BLOB    REFERENCES role ON DELETE CASCADE,   -- for all who have this role
  level      BLOB    NOT NULL REFERENCES access_level,    -- which rights
  until      INTEGER,          -- ms, NULL for ever
  granted_by BLOB,             -- user, NULL for a command on the server
  created    INTEGER NOT NULL, -- ms
  CHECK ((folder IS NULL) <> (entry IS NULL)),
  CHECK ((usr IS NULL) <> (role IS NULL))
) STRICT;
CREATE INDEX access_folder ON access (folder);
CREATE INDEX access_entry ON access (entry);
CREATE INDEX access_usr ON access (usr);
CREATE INDEX access_role ON access (role);
CREATE INDEX access_level_used ON access (level);

-- Caches that were sent to devices.
CREATE TABLE generation (
  device      BLOB    NOT NULL REFERENCES device ON DELETE CASCADE, -- to which
  cache       BLOB    NOT NULL, -- the client's GUID of the cache
  number      INTEGER NOT NULL, -- as the client declared it
  state       INTEGER NOT NULL, -- 1 pending, 2 proven, 3 given up, 4 cleared
  record      BLOB,             -- SHA-256 of the TPM record
  root_name   BLOB,             -- Name of the storage root key
  level       TEXT    NOT NULL, -- binding level
  virtual_tpm INTEGER NOT NULL CHECK (virtual_tpm IN (0, 1)), -- software TPM
  clock_ms    INTEGER NOT NULL, -- TPM clock at the request, ms since its start
  resets      INTEGER NOT NULL, -- TPM resetCount at the request
  user_name   TEXT    NOT NULL, -- as the user typed it
  comment     TEXT    NOT NULL, -- why, as the user wrote it
  event       BLOB,             -- audit event of the sending
  created     INTEGER NOT NULL, -- ms
  proven_at   INTEGER,          -- ms
  ended_at    INTEGER,          -- ms
  PRIMARY KEY (device, cache, number)
) STRICT, WITHOUT ROWID;

-- Which entries the caches hold. Deleted entries stay until they left the device.
CREATE TABLE device_cache (
  device     BLOB    NOT NULL REFERENCES device ON DELETE CASCADE, -- which device
  generation INTEGER NOT NULL, -- generation.number
  entry      BLOB    NOT NULL, -- which entry
  version    INTEGER NOT NULL, -- in which version
  PRIMARY KEY (device, generation, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_cache_entry ON device_cache (entry);

-- Leases that were signed.
CREATE TABLE lease (
  id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- jti
  device     BLOB    NOT NULL REFERENCES device ON DELETE CASCADE, -- for which
  cache      BLOB    NOT NULL, -- the client's GUID of the cache
  generation INTEGER NOT NULL, -- generation.number
  seq        INTEGER NOT NULL, -- issue number in the device
  key_id     TEXT    NOT NULL, -- kid of the signing key
  epoch      INTEGER NOT NULL, -- kill-switch epoch
  issued     INTEGER NOT NULL, -- ms
  expires    INTEGER NOT NULL, -- ms
  entries    INTEGER NOT NULL, -- number of entries in the cache
  digest     BLOB,             -- SHA-256 of the stream that it ended, NULL for a renewal
  UNIQUE (device, seq)
) STRICT;
CREATE INDEX lease_expires ON lease (expires);

-- Journals that devices wrote while offline. They outlive the device's row.
CREATE TABLE device_event (
  device     BLOB    NOT NULL, -- which device
  chain      BLOB    NOT NULL CHECK (length(chain) = 16), -- which of its journals, zeros for the first
  seq        INTEGER NOT NULL, -- number in the journal, from 1
  happened   INTEGER NOT NULL, -- ms, the device's clock
  received   INTEGER NOT NULL, -- ms, our clock
  type       TEXT    NOT NULL, -- unlock, reveal, copy and so on
  entry      BLOB,             -- which entry it concerns
  detail     BLOB,             -- as the device wrote it
  generation INTEGER NOT NULL, -- generation.number
  prev       BLOB    NOT NULL CHECK (length(prev) = 32), -- hash of the event before
  hash       BLOB    NOT NULL CHECK (length(hash) = 32), -- hash of this one
  PRIMARY KEY (device, chain, seq)
) STRICT, WITHOUT ROWID;

-- The server's audit, one chain.
CREATE TABLE audit_event (
  id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  seq         INTEGER UNIQUE,   -- number in the chain, from 1, NULL only before commit
  happened    INTEGER NOT NULL, -- ms
  actor       BLOB,             -- user who did it
  name        TEXT    NOT NULL, -- the actor's name at that time
  device      BLOB,             -- device from which
  action      TEXT    NOT NULL, -- what
  outcome     TEXT    NOT NULL, -- ok, or the cause of the refusal
  target      BLOB,             -- what it concerns
  address     TEXT    NOT NULL, -- IP address
  comment     TEXT    NOT NULL, -- why, as the user wrote it
  detail      BLOB,             -- more evidence
  objects_sum BLOB    NOT NULL CHECK (length(objects_sum) = 32), -- digest of audit_object, zeros for none
  prev        BLOB,             -- hash of the event before, 32 bytes
  hash        BLOB              -- hash of this one, 32 bytes
) STRICT;
CREATE INDEX audit_event_happened ON audit_event (happened);
CREATE INDEX audit_event_actor ON audit_event (actor, seq);
CREATE INDEX audit_event_device ON audit_event (device, seq);
CREATE INDEX audit_event_target ON audit_event (target, seq);

-- Entries that an audit event concerns.
CREATE TABLE audit_object (
  event   BLOB    NOT NULL REFERENCES audit_event, -- which event
  number  INTEGER NOT NULL, -- from 0, in the order of appending
  entry   BLOB    NOT NULL, -- which entry
  version INTEGER NOT NULL, -- in which version
  PRIMARY KEY (event, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_object_entry ON audit_object (entry);

-- Keys that encrypt rows.
CREATE TABLE data_key (
  id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  purpose INTEGER NOT NULL, -- see server/keyring
  wrapped BLOB    NOT NULL, -- the key, encrypted with a KEK
  kek     TEXT    NOT NULL, -- identifier of that KEK
  uses    INTEGER NOT NULL, -- seals, about
  created INTEGER NOT NULL, -- ms
  retired INTEGER           -- ms, NULL for the active key
) STRICT;
CREATE UNIQUE INDEX data_key_active ON data_key (purpose) WHERE retired IS NULL;

-- Signing keys under the identity root.
CREATE TABLE sub_key (
  id         TEXT    NOT NULL PRIMARY KEY, -- kid
  used_for   TEXT    NOT NULL, -- lease, order, list, tpm, tls
  public_key BLOB    NOT NULL, -- SPKI DER
  private    BLOB,             -- ciphertext
  data_key   BLOB,             -- data key of private
  signature  BLOB,             -- by the identity root
  created    INTEGER NOT NULL, -- ms
  not_after  INTEGER,          -- ms
  retired    INTEGER           -- ms, NULL while in use
) STRICT;

-- What users ask administrators for.
CREATE TABLE request (
  id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- GUID
  usr        BLOB    NOT NULL REFERENCES usr ON DELETE CASCADE,    -- who asks
  device     BLOB    REFERENCES device ON DELETE SET NULL, -- from which device
  action     TEXT    NOT NULL, -- offline, change
  target     BLOB,             -- entry or folder
  content    BLOB,             -- ciphertext: the draft
  data_key   BLOB,             -- data key of content
  comment    TEXT    NOT NULL, -- why, as the user wrote it
  state      INTEGER NOT NULL, -- 1 open, 2 granted, 3 denied
  decided_by BLOB,             -- who decided
  decided_at INTEGER,          -- ms
  created    INTEGER NOT NULL  -- ms
) STRICT;
CREATE INDEX request_usr ON request (usr);
CREATE INDEX request_device ON request (device);
CREATE INDEX request_state ON request (state);
