-- +goose Up

-- What a device did of one kind, such as its alarms, without all the rest of it.
CREATE INDEX audit_event_device_action ON audit_event (device, action, seq) WHERE device IS NOT NULL;
