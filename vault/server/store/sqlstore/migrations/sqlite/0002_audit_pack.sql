-- +goose Up

-- Entries that an audit event concerns, for events with many of them: these
-- have no rows in audit_object.
CREATE TABLE audit_pack (
  event   BLOB    NOT NULL REFERENCES audit_event, -- which event
  bucket  INTEGER NOT NULL, -- first byte of the entries, modulo 64
  objects TEXT    NOT NULL, -- a line for each: entry in hexadecimal, number from 0, version
  PRIMARY KEY (event, bucket)
) STRICT;
CREATE INDEX audit_pack_bucket ON audit_pack (bucket);
