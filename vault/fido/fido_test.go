package fido_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
)

// Every kind of key that there is must be enrolled and must open the cache, with
// the factor that was sealed.
func TestEnrolAndUnlock(t *testing.T) {
	kinds := map[string]struct {
		key      fidotest.Options
		verified bool
		pins     int // how often the person is asked: enrolment, unlock
		unlock   int
	}{
		"touch only":                 {fidotest.Options{}, false, 0, 0},
		"touch only, 2018":           {fidotest.Options{Protocols: []int{1}}, false, 0, 0},
		"nothing listed":             {fidotest.Options{Protocols: []int{}}, false, 0, 0},
		"PIN, 2018":                  {fidotest.Options{Protocols: []int{1}, PIN: "1234", PINToMake: true}, true, 1, 1},
		"PIN, protocol two":          {fidotest.Options{Protocols: []int{2}, PIN: "1234", Permissions: true}, true, 1, 1},
		"PIN, both protocols":        {fidotest.Options{PIN: "1234", Permissions: true}, true, 1, 1},
		"PIN only to make":           {fidotest.Options{PIN: "1234", PINToMake: true}, false, 1, 0},
		"PIN that is not needed":     {fidotest.Options{PIN: "1234", Permissions: true}, false, 0, 0},
		"PIN for everything":         {fidotest.Options{PIN: "1234", Permissions: true, AlwaysUV: true}, false, 1, 1},
		"finger":                     {fidotest.Options{PIN: "1234", Permissions: true, Finger: true}, true, 0, 0},
		"finger without a PIN":       {fidotest.Options{Permissions: true, Finger: true}, true, 0, 0},
		"the longest credential ids": {fidotest.Options{LongID: 900}, false, 0, 0},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			key := fidotest.New(kind.key)
			who := &person{pin: "1234"}
			added := enrol(t, key, who, fido.EnrolRequest{Label: "blue", Verified: kind.verified})
			if who.asked != kind.pins || who.touched == 0 {
				t.Errorf("enrolment asked for %d PINs and %d touches, want %d PINs", who.asked, who.touched, kind.pins)
			}
			if kind.verified && !added.Verified {
				t.Error("the key is not verified")
			}
			record, want := seal(t, binding, added)
			who.asked = 0
			got, slot, err := fido.Unlock(t.Context(), platform(key), record, who)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equal(want) || slot != 0 || who.asked != kind.unlock {
				t.Errorf("slot %d, asked for %d PINs, want %d; same factor %t", slot, who.asked, kind.unlock, got.Equal(want))
			}
		})
	}
}

func TestAnyOfSeveralKeysOpens(t *testing.T) {
	var keys []*fidotest.Key
	var added []fido.Key
	for i := range 3 {
		keys = append(keys, fidotest.New(fidotest.Options{PIN: "1234", Permissions: true}))
		added = append(added, enrol(t, keys[i], &person{pin: "1234"}, fido.EnrolRequest{Label: fmt.Sprint(i), Verified: i == 1, Existing: added}))
	}
	record, want := seal(t, binding, added...)
	for i, key := range keys {
		stranger := fidotest.New(fidotest.Options{})
		got, slot, err := fido.Unlock(t.Context(), platform(stranger, key), record, &person{pin: "1234"})
		if err != nil || slot != i || !got.Equal(want) {
			t.Errorf("key %d: slot %d, %v", i, slot, err)
		}
	}
	// The next generation needs none of them, and leaves out the lost one.
	next, factor := seal(t, fido.Binding{Cache: binding.Cache, Generation: 8}, record.Keys()[1:]...)
	if factor.Equal(want) {
		t.Error("two generations have the same factor")
	}
	_, _, err := fido.Unlock(t.Context(), platform(keys[0]), next, &person{})
	refused(t, err, vault.KeyUnknown)
	if got, _, err := fido.Unlock(t.Context(), platform(keys[2]), next, &person{}); err != nil || !got.Equal(factor) {
		t.Errorf("a key that stayed: %v", err)
	}
}

func TestEnrolRefuses(t *testing.T) {
	ours := fidotest.New(fidotest.Options{})
	added := enrol(t, ours, &person{}, fido.EnrolRequest{})
	cases := map[string]struct {
		keys    []*fidotest.Key
		request fido.EnrolRequest
		want    vault.Cause
	}{
		"none":              {nil, fido.EnrolRequest{}, vault.KeyMissing},
		"two":               {[]*fidotest.Key{ours, fidotest.New(fidotest.Options{})}, fido.EnrolRequest{}, vault.SeveralKeys},
		"twice the same":    {[]*fidotest.Key{ours}, fido.EnrolRequest{Existing: []fido.Key{added}}, vault.Conflict},
		"no hmac-secret":    {[]*fidotest.Key{fidotest.New(fidotest.Options{Plain: true})}, fido.EnrolRequest{}, vault.Unsupported},
		"no PIN where due":  {[]*fidotest.Key{fidotest.New(fidotest.Options{})}, fido.EnrolRequest{Verified: true}, vault.PINNotSet},
		"ninth key":         {[]*fidotest.Key{ours}, fido.EnrolRequest{Existing: make([]fido.Key, fido.MaxSlots)}, vault.Usage},
		"label too long":    {[]*fidotest.Key{ours}, fido.EnrolRequest{Label: fmt.Sprintf("%065d", 0)}, vault.Usage},
		"unknown protocols": {[]*fidotest.Key{fidotest.New(fidotest.Options{Protocols: []int{3}})}, fido.EnrolRequest{}, vault.Unsupported},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := fido.Enrol(t.Context(), platform(c.keys...), c.request, &person{})
			refused(t, err, c.want)
		})
	}
}

func TestWrongPINsUntilTheKeyIsBlocked(t *testing.T) {
	key := fidotest.New(fidotest.Options{PIN: "1234", Permissions: true})
	added := enrol(t, key, &person{pin: "1234"}, fido.EnrolRequest{Verified: true})
	record, _ := seal(t, binding, added)
	p := platform(key)
	try := func(pin string) error {
		_, _, err := fido.Unlock(t.Context(), p, record, &person{pin: pin})
		return err
	}
	left := 8
	for range 2 {
		if got := triesLeft(t, try("4321"), vault.WrongPIN); got != left-1 {
			t.Fatalf("tries left %d, want %d", got, left-1)
		}
		left--
	}
	if err := try("1234"); err != nil { // a right one gives all of them back
		t.Fatal(err)
	}
	for left = 8; left > 0; left-- {
		if err := try("4321"); errors.Is(err, vault.PINBlocked) {
			if got := triesLeft(t, err, vault.PINBlocked); got != left-1 {
				t.Fatalf("blocked with %d tries left, want %d", got, left-1)
			}
			p = platform(key) // plugged in again
		}
	}
	if got := triesLeft(t, try("1234"), vault.PINBlocked); got != 0 || key.Retries() != 0 {
		t.Errorf("blocked for good with %d tries left", got)
	}
}

func TestWrongPINAtEnrolmentIsTriedOnce(t *testing.T) {
	key := fidotest.New(fidotest.Options{PIN: "1234", Permissions: true})
	_, err := fido.Enrol(t.Context(), platform(key), fido.EnrolRequest{Verified: true}, &person{pin: "12345"})
	refused(t, err, vault.WrongPIN)
	if key.Retries() != 7 || key.Credentials() != 0 {
		t.Errorf("%d tries left, %d credentials made", key.Retries(), key.Credentials())
	}
}

// A PIN is Unicode in normal form C, whatever the keyboard makes.
func TestPINIsNormalised(t *testing.T) {
	key := fidotest.New(fidotest.Options{PIN: "caf\u00e9s", Permissions: true})
	enrol(t, key, &person{pin: "cafe\u0301s"}, fido.EnrolRequest{Verified: true})
}

func TestNobodyTouches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := fidotest.New(fidotest.Options{Untouched: true})
		_, err := fido.Enrol(t.Context(), platform(key), fido.EnrolRequest{}, &person{})
		refused(t, err, vault.TouchTimeout)
	})
}

func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := fidotest.New(fidotest.Options{Untouched: true})
		ctx, cancel := context.WithCancel(t.Context())
		p := platform(key)
		if _, err := fido.Enrol(ctx, p, fido.EnrolRequest{}, &person{onTouch: cancel}); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		// The key has been told, and serves the next question at once.
		done := make(chan error)
		go func() {
			_, err := fido.Enrol(t.Context(), p, fido.EnrolRequest{}, &person{})
			done <- err
		}()
		key.Touch()
		key.Touch()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if key.Credentials() != 1 {
			t.Errorf("%d credentials, want 1", key.Credentials())
		}
	})
}

func TestUnpluggedInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := fidotest.New(fidotest.Options{Untouched: true}).Plug()
		_, err := fido.Enrol(t.Context(), fido.NewHID(plugged{port}), fido.EnrolRequest{}, &person{onTouch: port.Unplug})
		refused(t, err, vault.KeyMissing)
		_, err = fido.Enrol(t.Context(), fido.NewHID(plugged{port}), fido.EnrolRequest{}, &person{})
		refused(t, err, vault.KeyMissing)
	})
}
