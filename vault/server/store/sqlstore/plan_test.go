package sqlstore_test

import (
	"context"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

// TestAlarmsAreFoundByIndex: the alarms of a device are looked for while everybody
// else waits for the same lock.
func TestAlarmsAreFoundByIndex(t *testing.T) {
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, freshFile(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	read, _ := s.Pools()
	var id, parent, unused int
	var plan string
	err = read.QueryRowContext(ctx, "EXPLAIN QUERY PLAN SELECT id FROM audit_event"+
		" WHERE seq > ? AND device = ? AND action = ? ORDER BY seq DESC LIMIT 256", 0, []byte("0123456789abcdef"), "journal.alarm").
		Scan(&id, &parent, &unused, &plan)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan, "audit_event_device_action (device=? AND action=? AND seq>?)") {
		t.Errorf("plan: %s", plan)
	}
}
