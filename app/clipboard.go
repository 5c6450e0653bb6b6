package app

import (
	"context"
	"time"

	"github.com/tideover/tideover/app/native"
	"github.com/tideover/tideover/app/present"
)

// defaultClip is how long a copied value stays where no policy says it: what
// KeePass 2 has.
const defaultClip = 12 * time.Second

// clipboard is what was copied last and how long it stays.
type clipboard struct {
	d       *Desktop
	board   *native.Clipboard // nil until it is open; see open
	until   time.Time         // zero: nothing of ours is there
	stay    time.Duration
	label   string
	ticker  *task
	lastUse time.Time // of the window, where the desktop does not tell
}

func newClipboard(d *Desktop) *clipboard { return &clipboard{d: d} }

// open is called away from the painting goroutine, once.
func (c *clipboard) open() (*native.Clipboard, error) {
	return native.OpenClipboard(plain{c.d.cfg}, func(native.End) {
		c.d.cfg.Post(c.ended)
	})
}

// used notes that the person did something.
func (c *clipboard) used() { c.lastUse = c.d.now() }

// stays is how long a value may stay: what the policy of the cache says while
// it is what one works with.
func (c *clipboard) stays() time.Duration {
	if st := c.d.status.Cache; st != nil && st.Readable && st.Policy.Clipboard > 0 {
		return time.Duration(st.Policy.Clipboard) * time.Second
	}
	return defaultClip
}

// copy puts a value on the clipboard for a while. It takes a copy; label says
// what it is ("Password").
func (d *Desktop) copy(secret []byte, label string) {
	c, stay := d.clip, d.clip.stays()
	own := append([]byte(nil), secret...)
	start(d.tasks, func(context.Context, func(func())) (struct{}, error) {
		defer clear(own)
		if c.board == nil {
			return struct{}{}, native.ErrUnsupported
		}
		return struct{}{}, c.board.Copy(own, stay)
	}, func(_ struct{}, err error) {
		if err != nil {
			d.tell(&present.Notice{Severity: present.Alarm, Message: d.words.Text("clipboard.failed", nil), Remedy: d.words.Text("clipboard.failed.remedy", nil)})
			return
		}
		c.label, c.stay, c.until = label, stay, d.now().Add(stay)
		c.tick()
	}, nil)
}

// countdown is the pause between two paints of the bar.
const countdown = 250 * time.Millisecond

// tick paints the bar until the value is gone.
func (c *clipboard) tick() {
	c.ticker.Cancel()
	c.paint()
	c.ticker = start(c.d.tasks, func(ctx context.Context, tell func(func())) (struct{}, error) {
		t := time.NewTicker(countdown)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return struct{}{}, ctx.Err()
			case <-t.C:
				tell(c.paint)
			}
		}
	}, func(struct{}, error) {}, nil)
}

func (c *clipboard) paint() {
	left := 0.0
	if !c.until.IsZero() {
		left = max(float64(c.until.Sub(c.d.now()))/float64(c.stay), 0)
	}
	words := ""
	if left > 0 {
		words = c.d.words.Text("clipboard.holds", map[string]any{"What": c.label})
	}
	if c.d.main != nil {
		c.d.main.countdown(left, words)
	}
}

// ended hears that the value is gone.
func (c *clipboard) ended() {
	c.until, c.label = time.Time{}, ""
	c.ticker.Cancel()
	c.paint()
}

// clear takes what we copied off the clipboard.
func (c *clipboard) clear() {
	if c.board == nil || c.until.IsZero() {
		return
	}
	c.d.tasks.run(c.board.Clear)
}

// close is not for the painting goroutine.
func (c *clipboard) close() {
	if c.board != nil {
		_ = c.board.Close() // it clears; there is nobody left to tell
	}
}
