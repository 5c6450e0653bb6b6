package lease_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/lease"
)

const (
	hour = time.Hour
	day  = 24 * hour
)

var issued = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// week is a lease of seven days, three of them powered on, ten boots.
func week() lease.Term {
	return lease.Term{
		Issued: issued, Expires: issued.Add(7 * day), PoweredOn: 3 * day,
		ClockMS: 1_000_000, Bounds: binding.Bounds{ClockMS: 1_000_000 + uint64((3 * day).Milliseconds()), Resets: 15},
	}
}

func after(d time.Duration) time.Time { return issued.Add(d) }

// chip shows the chip's clock d after the issue.
func chip(d time.Duration, resets uint32) *binding.Clock {
	return &binding.Clock{MS: uint64(int64(1_000_000) + d.Milliseconds()), Resets: resets}
}

func TestJudge(t *testing.T) {
	never := week()
	never.Expires, never.PoweredOn, never.Bounds = time.Time{}, 0, binding.Bounds{ClockMS: math.MaxUint64, Resets: math.MaxUint32}
	keychain := lease.Term{Issued: issued, Expires: issued.Add(7 * day)}
	opens := week()
	opens.Opens = 3
	boundOnly := week()
	boundOnly.PoweredOn = 0

	type want struct {
		By        lease.EndedBy
		Hard      bool
		Moved     bool
		Elapsed   time.Duration
		Remaining time.Duration
		Unlimited bool
	}
	tests := []struct {
		name  string
		term  lease.Term
		facts lease.Facts
		want  want
	}{
		{"just issued", week(), lease.Facts{Wall: issued, Clock: chip(0, 5)}, want{Remaining: 3 * day}},
		{"one day, all clocks agree", week(), lease.Facts{Wall: after(day), Clock: chip(day, 5)}, want{Elapsed: day, Remaining: 2 * day}},
		{"off for most of the time", week(), lease.Facts{Wall: after(6 * day), Clock: chip(hour, 6)}, want{Elapsed: 6 * day, Remaining: day}},
		{"a second before the calendar's end", week(), lease.Facts{Wall: after(7*day - time.Second), Clock: chip(hour, 6)}, want{Elapsed: 7*day - time.Second, Remaining: time.Second}},
		{"calendar's end locks", week(), lease.Facts{Wall: after(7 * day), Clock: chip(hour, 6)}, want{By: "wall", Elapsed: 7 * day}},
		{"calendar's end, the server says so", week(), lease.Facts{Wall: after(hour), ServerTime: after(7 * day), Clock: chip(hour, 6)}, want{By: "wall", Hard: true, Elapsed: 7 * day}},
		{"server's time of before the issue", week(), lease.Facts{Wall: after(hour), ServerTime: after(-day), Clock: chip(hour, 6)}, want{Elapsed: hour, Remaining: 3*day - hour}},
		{"powered-on time is used up", week(), lease.Facts{Wall: after(3 * day), Clock: chip(3*day, 5)}, want{By: "tpm_clock", Hard: true, Elapsed: 3 * day}},
		{"chip's bound alone", boundOnly, lease.Facts{Wall: after(3 * day), Clock: chip(3*day, 5)}, want{By: "tpm_clock", Hard: true, Elapsed: 3 * day}},
		{"chip's clock beats a clock set back", week(), lease.Facts{Wall: after(-30 * day), Clock: chip(3*day, 5)}, want{By: "tpm_clock", Hard: true, Elapsed: 3 * day}},
		{"chip's and computer's clock both", week(), lease.Facts{Wall: after(8 * day), Clock: chip(8*day, 5)}, want{By: "tpm_clock", Hard: true, Elapsed: 8 * day}},
		{"boots", week(), lease.Facts{Wall: after(hour), Clock: chip(hour, 15)}, want{By: "boots", Hard: true, Elapsed: hour}},
		{"one boot left", week(), lease.Facts{Wall: after(hour), Clock: chip(hour, 14)}, want{Elapsed: hour, Remaining: 3*day - hour}},
		{"computer always behind the server", week(), lease.Facts{Wall: after(-2 * day), Clock: chip(0, 5)}, want{Remaining: 3 * day}},
		{"power cut: chip's clock fell back a little", week(), lease.Facts{Wall: after(0), Clock: chip(-10*time.Second, 6)}, want{Remaining: 3 * day}},
		{"clock set back", week(), lease.Facts{Wall: after(day), LastWall: after(4 * day), Clock: chip(hour, 6)}, want{Moved: true, Elapsed: 4 * day, Remaining: 3*day - hour}},
		{"clock back by a summer's time", week(), lease.Facts{Wall: after(4*day - 14*hour), LastWall: after(4 * day), Clock: chip(hour, 6)}, want{Elapsed: 4 * day, Remaining: 3*day - hour}},
		{"clock set back does not undo the end", week(), lease.Facts{Wall: after(day), LastWall: after(7 * day), Clock: chip(hour, 6)}, want{By: "wall", Moved: true, Elapsed: 7 * day}},
		{"no chip", keychain, lease.Facts{Wall: after(2 * day)}, want{Elapsed: 2 * day, Remaining: 5 * day}},
		{"no chip, ended", keychain, lease.Facts{Wall: after(9 * day)}, want{By: "wall", Elapsed: 9 * day}},
		{"chip not reachable", week(), lease.Facts{Wall: after(2 * day)}, want{Elapsed: 2 * day, Remaining: 5 * day}},
		{"never ends", never, lease.Facts{Wall: after(40 * 365 * day), Clock: chip(39*365*day, 9999)}, want{Elapsed: 40 * 365 * day, Unlimited: true}},
		{"openings left", opens, lease.Facts{Wall: after(hour), Clock: chip(hour, 5), Opens: 2}, want{Elapsed: hour, Remaining: 3*day - hour}},
		{"openings used up", opens, lease.Facts{Wall: after(hour), Clock: chip(hour, 5), Opens: 3}, want{By: "opens", Elapsed: hour}},
		{"openings used up and boots too", opens, lease.Facts{Wall: after(hour), Clock: chip(hour, 15), Opens: 3}, want{By: "boots", Hard: true, Elapsed: hour}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := lease.Judge(tt.term, tt.facts)
			got := want{v.EndedBy, v.Hard, v.ClockMoved, v.Elapsed, v.Remaining, v.Unlimited}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (v.OpensLeft != nil) != (tt.term.Opens > 0) {
				t.Errorf("openings left: %v", v.OpensLeft)
			}
		})
	}
}

func TestJudgeUntil(t *testing.T) {
	opens, never, even := week(), week(), week()
	opens.Opens = 3
	never.Expires = time.Time{}
	even.PoweredOn, even.Bounds.ClockMS = 7*day, 1_000_000+uint64((7*day).Milliseconds())
	for name, tt := range map[string]struct {
		term  lease.Term
		facts lease.Facts
		want  time.Time
	}{
		"the calendar's end":        {week(), lease.Facts{Wall: after(6*day + 300*time.Millisecond), Clock: chip(hour, 6)}, after(7 * day)},
		"the chip's, if it is on":   {week(), lease.Facts{Wall: after(day), Clock: chip(day, 5)}, after(3 * day)},
		"ended by the calendar":     {week(), lease.Facts{Wall: after(9 * day), Clock: chip(hour, 5)}, after(7 * day)},
		"ended by the chip":         {week(), lease.Facts{Wall: after(5 * day), Clock: chip(4*day, 5)}, after(7 * day)},
		"ended by boots":            {week(), lease.Facts{Wall: after(2 * day), Clock: chip(hour, 15)}, after(7 * day)},
		"ended by openings":         {opens, lease.Facts{Wall: after(hour), Clock: chip(hour, 5), Opens: 3}, after(7 * day)},
		"ended, without a calendar": {never, lease.Facts{Wall: after(5 * day), Clock: chip(3*day, 5)}, time.Time{}},
		"clocks that wander":        {even, lease.Facts{Wall: after(day), Clock: chip(day+30*time.Second, 5)}, after(7 * day)},
	} {
		if got := lease.Judge(tt.term, tt.facts).Until; !got.Equal(tt.want) {
			t.Errorf("%s: until %v, want %v", name, got, tt.want)
		}
	}
}

// TestTermOfLease takes everything over that time decides.
func TestTermOfLease(t *testing.T) {
	l := sample()
	want := lease.Term{
		Issued: time.Unix(1795000000, 0).UTC(), Expires: time.Unix(1795604800, 0).UTC(), PoweredOn: 604800 * time.Second,
		ClockMS: 123456789, Bounds: binding.Bounds{ClockMS: 728256789, Resets: 77}, Opens: 100,
	}
	if diff := cmp.Diff(want, l.Term()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l.Expires, l.Chip = lease.Never, nil
	want.Expires, want.ClockMS, want.Bounds = time.Time{}, 0, binding.Bounds{}
	if diff := cmp.Diff(want, l.Term()); diff != "" {
		t.Errorf("never (-want +got):\n%s", diff)
	}
}

// FuzzJudge holds the rule to what it promises: time that has been shown to
// pass is never given back.
func FuzzJudge(f *testing.F) {
	f.Add(int64(0), int64(0), int64(0), int64(0), uint32(5))
	f.Add(int64(8*day), int64(0), int64(0), int64(0), uint32(5))
	f.Add(int64(-day), int64(6*day), int64(7*day), int64(3*day), uint32(15))
	f.Fuzz(func(t *testing.T, wall, last, server, ms int64, resets uint32) {
		bound := int64(100 * 365 * day)
		wall, last, server, ms = wall%bound, last%bound, server%bound, ms%bound
		facts := lease.Facts{Wall: after(time.Duration(wall)), LastWall: after(time.Duration(last)), ServerTime: after(time.Duration(server)), Clock: chip(max(time.Duration(ms), 0), resets)}
		v := lease.Judge(week(), facts)
		if v.Elapsed < 0 || v.Remaining < 0 || v.Elapsed >= 7*day && v.EndedBy == "" || v.EndedBy != "" && v.Remaining != 0 {
			t.Fatalf("%+v gives %+v", facts, v)
		}
		later := facts
		later.Wall = facts.Wall.Add(-day)
		if w := lease.Judge(week(), later); v.Hard && !w.Hard {
			t.Fatalf("setting the clock back undoes a proved end: %+v, %+v", v, w)
		}
	})
}
