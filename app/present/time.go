package present

import "time"

const (
	day   = 24 * time.Hour
	month = 30 * day // as people estimate
	year  = 365 * day
)

// unit returns the largest unit that d has, and how many of it, rounded down.
// Days begin at daysFrom: what runs out is counted in hours for longer.
func unit(d, daysFrom time.Duration) (name string, n int) {
	switch {
	case d < time.Minute:
		return "now", 0
	case d < time.Hour:
		return "minutes", int(d / time.Minute)
	case d < daysFrom:
		return "hours", int(d / time.Hour)
	case d < 2*month:
		return "days", int(d / day)
	case d < 2*year:
		return "months", int(d / month)
	}
	return "years", int(d / year)
}

func (c *Catalogue) spell(form string, d, daysFrom time.Duration) string {
	name, n := unit(max(d, 0), daysFrom)
	return c.Text("time."+form+"."+name, map[string]any{"Count": n})
}

// Ago returns how long ago something was: "3 hours ago", "just now".
func (c *Catalogue) Ago(d time.Duration) string { return c.spell("ago", d, day) }

// Left returns how much time is left: "2 days left". It counts hours up to two
// days, rounded down, so that the end never comes before it was told; from there
// on it rounds to the nearest, so that a week that has just begun is 7 days.
func (c *Catalogue) Left(d time.Duration) string {
	if d >= 2*day {
		d = d.Round(day)
	}
	return c.spell("left", d, 2*day)
}

// In returns when something will be: "in 3 days".
func (c *Catalogue) In(d time.Duration) string { return c.spell("in", d, 2*day) }

// For returns a length of time: "12 days", "15 minutes".
func (c *Catalogue) For(d time.Duration) string { return c.spell("for", d, 2*day) }

// Expiry returns the words for an entry that expires: "expires in 3 days",
// "expired 2 days ago".
func (c *Catalogue) Expiry(expires, now time.Time) string {
	if d := expires.Sub(now); d > 0 {
		return c.Text("time.expires", map[string]any{"When": c.In(d)})
	}
	return c.Text("time.expired", map[string]any{"When": c.Ago(now.Sub(expires))})
}

// Size returns a number of bytes as people read it: "640 B", "12.5 kB".
func (c *Catalogue) Size(bytes int64) string {
	scaled, step := float64(bytes), 0
	for scaled >= 999.95 && step < 4 {
		scaled, step = scaled/1000, step+1
	}
	if step == 0 {
		return c.Text("size.bytes", map[string]any{"Count": bytes})
	}
	tenths := int64(scaled*10 + 0.5)
	return c.Text("size.scaled", map[string]any{
		"Whole": tenths / 10, "Tenth": tenths % 10, "Unit": [...]string{"", "kB", "MB", "GB", "TB"}[step],
	})
}
