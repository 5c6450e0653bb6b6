package wire

import (
	"fmt"
	"strings"
	"time"
)

// Date is a .NET DateTimeOffset as the Pleasant API writes it: ISO 8601 with a
// numeric offset and 0 to 7 fraction digits. The zero Date is null.
type Date struct{ time.Time }

// Never returns the date that means "no end": DateTimeOffset.MaxValue.
func Never() Date {
	return Date{time.Date(9999, time.December, 31, 23, 59, 59, 999999900, time.UTC)}
}

// IsNever reports whether d is in the year 9999 or later, in any time zone.
func (d Date) IsNever() bool { return d.Year() >= 9999 }

// MarshalJSON returns null for the zero date, and at most 7 fraction digits.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	if y := d.Year(); y > 9999 {
		return Never().MarshalJSON()
	} else if y < 0 {
		return nil, fmt.Errorf("date: year %d cannot be written", y)
	}
	return d.AppendFormat(make([]byte, 0, 40), `"2006-01-02T15:04:05.9999999-07:00"`), nil
}

// UnmarshalJSON reads an ISO 8601 date with any number of fraction digits up
// to nine, with Z, with an offset or without one (then it is UTC), a date
// alone, "" and null. The year 1, .NET's MinValue, is the zero date.
func (d *Date) UnmarshalJSON(b []byte) error {
	*d = Date{}
	if string(b) == "null" {
		return nil
	}
	raw, _, err := unquote(b)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(string(raw))
	if text == "" {
		return nil
	}
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			if t.Year() > 1 {
				d.Time = t
			}
			return nil
		}
	}
	return fmt.Errorf("date: %d characters that are no ISO 8601 date", len(text))
}

// OptionalDate is a Date that knows whether the member was there at all:
// "Expires": null takes the expiry away, an absent member leaves it.
type OptionalDate struct {
	Date    Date
	Present bool
}

// IsZero reports whether the member was absent; omitzero asks for it.
func (o OptionalDate) IsZero() bool { return !o.Present }

// MarshalJSON writes the date.
func (o OptionalDate) MarshalJSON() ([]byte, error) { return o.Date.MarshalJSON() }

// UnmarshalJSON reads the date and notes that it was there.
func (o *OptionalDate) UnmarshalJSON(b []byte) error {
	o.Present = true
	return o.Date.UnmarshalJSON(b)
}
