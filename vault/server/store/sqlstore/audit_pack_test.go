package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

// Objects come back in order whatever their number, hence however they are
// stored, and a changed list is Damaged, not another list.
func TestAuditObjects(t *testing.T) {
	ctx := t.Context()
	s, err := sqlstore.Open(ctx, freshFile(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	var last vault.ID
	for _, n := range []int{0, 1, 511, 512, 513, 1500} {
		want := make([]store.AuditObject, n)
		for i := range want {
			want[i] = store.AuditObject{Entry: vault.NewID(), Version: int64(i * i)}
		}
		err := s.Update(ctx, func(tx store.Tx) error {
			last, err = tx.AppendAudit(ctx, store.AuditEvent{At: time.UnixMilli(1), Action: "x", Objects: want})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := objects(ctx, s, last)
		if err != nil {
			t.Fatal(err)
		}
		if len(got)+n > 0 {
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%d objects (-want +got):\n%s", n, d)
			}
		}
	}
	id := strings.Repeat("0", 32)
	for _, text := range []string{"", "x\n", id + "\n", id + " 0\n", id[1:] + " 0 1\n", id + " 0 x\n", id + " 0 1 2\n", id + "  1\n"} {
		_, write := s.Pools()
		_, err := write.ExecContext(ctx, "UPDATE audit_pack SET objects = $1 WHERE event = $2 AND bucket = 0", text, last[:])
		if err != nil {
			t.Fatal(err)
		}
		_, err = objects(ctx, s, last)
		if want := text != ""; errors.Is(err, vault.Damaged) != want || !want && err != nil {
			t.Errorf("list %q: %v", text, err)
		}
	}
}

func objects(ctx context.Context, s *sqlstore.Store, event vault.ID) (list []store.AuditObject, err error) {
	err = s.View(ctx, func(r store.Reader) (err error) {
		list, err = r.AuditObjects(ctx, event)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	return list, nil
}
