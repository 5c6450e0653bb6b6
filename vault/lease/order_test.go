package lease_test

import (
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// signers are the keys of one server, by use.
type signers struct {
	key map[lease.Use]*ecdsa.PrivateKey
	kid map[lease.Use]string
	set lease.KeySet
}

func newSigners(t testing.TB) signers {
	t.Helper()
	root := newKey(t)
	s := signers{key: map[lease.Use]*ecdsa.PrivateKey{}, kid: map[lease.Use]string{}}
	var subs []lease.SubKey
	for _, use := range []lease.Use{lease.UseLease, lease.UseOrder, lease.UseList, lease.UseTPM} {
		key := newKey(t)
		sub, err := lease.SignSubKey(root, use, &key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		s.key[use], s.kid[use] = key, sub.KID
		subs = append(subs, sub)
	}
	var err error
	if s.set, err = lease.VerifySubKeys(spki(t, root), subs); err != nil {
		t.Fatal(err)
	}
	return s
}

func sampleOrder() lease.Order {
	return lease.Order{
		Version: lease.Version, Issuer: id(1), ID: id(2), Seq: 7, Issued: 1_790_000_000, Epoch: 3,
		Kind: lease.OrderWipe, Device: id(3), User: id(4), Generation: 12,
	}
}

func sampleList() lease.List {
	return lease.List{
		Version: lease.Version, Issuer: id(1), Seq: 7, Issued: 1_790_000_000, Epoch: 3, Offline: true,
		Devices: []vault.ID{id(1), id(9)}, Users: []vault.ID{},
	}
}

func TestOrderAndList(t *testing.T) {
	s := newSigners(t)
	want := sampleOrder()
	token, err := lease.SignOrder(s.key[lease.UseOrder], s.kid[lease.UseOrder], want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := lease.VerifyOrder(token, s.set)
	if err != nil {
		t.Fatal(err)
	}
	want.KeyID = s.kid[lease.UseOrder]
	if d := cmp.Diff(want, *got); d != "" {
		t.Error(d)
	}
	const text = `{"v":1,"iss":"01010203-0405-4607-8809-0a0b0c0d0e0f","jti":"02010203-0405-4607-8809-0a0b0c0d0e0f",` +
		`"seq":7,"iat":1790000000,"epoch":3,"kind":"wipe","dev":"03010203-0405-4607-8809-0a0b0c0d0e0f",` +
		`"sub":"04010203-0405-4607-8809-0a0b0c0d0e0f","gen":12}`
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || string(payload) != text {
		t.Errorf("%s, %v\nwant %s", payload, err, text)
	}

	list := sampleList()
	if token, err = lease.SignList(s.key[lease.UseList], s.kid[lease.UseList], list); err != nil {
		t.Fatal(err)
	}
	read, err := lease.VerifyList(token, s.set)
	if err != nil {
		t.Fatal(err)
	}
	list.KeyID = s.kid[lease.UseList]
	if d := cmp.Diff(list, *read); d != "" {
		t.Error(d)
	}
	if !read.HasDevice(id(9)) || read.HasDevice(id(2)) || read.HasUser(id(9)) {
		t.Error("the list names the wrong ones")
	}
}

// A key signs what it was introduced for: nobody makes an order out of a lease,
// a list out of an order, or any of them with a key of another server.
func TestOrderOfAnotherKeyIsRefused(t *testing.T) {
	s, stranger := newSigners(t), newSigners(t)
	for use, key := range s.key {
		token, err := lease.SignOrder(key, s.kid[use], sampleOrder())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lease.VerifyOrder(token, s.set); (err == nil) != (use == lease.UseOrder) {
			t.Errorf("an order signed by the %s key: %v", use, err)
		}
		if _, err := lease.VerifyList(token, s.set); !errors.Is(err, vault.Damaged) {
			t.Errorf("an order as a list: %v", err)
		}
		if _, err := lease.Verify(token, s.set); !errors.Is(err, vault.Damaged) {
			t.Errorf("an order as a lease: %v", err)
		}
		if _, err := lease.VerifyOrder(token, stranger.set); !errors.Is(err, vault.Damaged) {
			t.Errorf("an order of another server: %v", err)
		}
		if token, err = lease.SignList(key, s.kid[use], sampleList()); err != nil {
			t.Fatal(err)
		}
		if _, err := lease.VerifyList(token, s.set); (err == nil) != (use == lease.UseList) {
			t.Errorf("a list signed by the %s key: %v", use, err)
		}
	}
	// The right name of a key, and another key behind it.
	forged, err := lease.SignOrder(stranger.key[lease.UseOrder], s.kid[lease.UseOrder], sampleOrder())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lease.VerifyOrder(forged, s.set); !errors.Is(err, vault.Damaged) {
		t.Errorf("a forged order: %v", err)
	}
}

func TestOrderEveryByteFlipped(t *testing.T) {
	s := newSigners(t)
	token, err := lease.SignOrder(s.key[lease.UseOrder], s.kid[lease.UseOrder], sampleOrder())
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		b := []byte(token)
		b[i] ^= 1
		if _, err := lease.VerifyOrder(string(b), s.set); err == nil {
			t.Fatalf("byte %d changed: accepted", i)
		}
	}
}

func TestSignOrderRefuses(t *testing.T) {
	s := newSigners(t)
	for name, change := range map[string]func(*lease.Order){
		"no number":                 func(o *lease.Order) { o.Seq = 0 },
		"no issuer":                 func(o *lease.Order) { o.Issuer = vault.ID{} },
		"no name":                   func(o *lease.Order) { o.ID = vault.ID{} },
		"no time":                   func(o *lease.Order) { o.Issued = 0 },
		"another version":           func(o *lease.Order) { o.Version = 2 },
		"an unknown kind":           func(o *lease.Order) { o.Kind = "extend" },
		"no device":                 func(o *lease.Order) { o.Device = vault.ID{} },
		"no user":                   func(o *lease.Order) { o.User = vault.ID{} },
		"a kill for one":            func(o *lease.Order) { o.Kind, o.Generation = lease.OrderKill, 0 },
		"a revocation of some":      func(o *lease.Order) { o.Kind = lease.OrderRevoke },
		"a suspension of some":      func(o *lease.Order) { o.Kind = lease.OrderSuspend },
		"a resumption of the later": func(o *lease.Order) { o.Kind = lease.OrderResume },
	} {
		o := sampleOrder()
		change(&o)
		if _, err := lease.SignOrder(s.key[lease.UseOrder], s.kid[lease.UseOrder], o); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	for name, change := range map[string]func(*lease.List){
		"no list of devices": func(l *lease.List) { l.Devices = nil },
		"no list of users":   func(l *lease.List) { l.Users = nil },
		"out of order":       func(l *lease.List) { l.Devices = []vault.ID{id(2), id(1)} },
		"twice":              func(l *lease.List) { l.Users = []vault.ID{id(2), id(2)} },
		"nobody":             func(l *lease.List) { l.Users = []vault.ID{{}} },
		"no issuer":          func(l *lease.List) { l.Issuer = vault.ID{} },
		"no time":            func(l *lease.List) { l.Issued = 0 },
	} {
		l := sampleList()
		change(&l)
		if _, err := lease.SignList(s.key[lease.UseList], s.kid[lease.UseList], l); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	l := sampleList()
	l.Devices = lease.SortIDs([]vault.ID{id(5), id(1), id(5)})
	if _, err := lease.SignList(s.key[lease.UseList], s.kid[lease.UseList], l); err != nil || len(l.Devices) != 2 {
		t.Errorf("sorted: %v, %v", l.Devices, err)
	}
}

func TestMark(t *testing.T) {
	for _, c := range []struct {
		a, b lease.Mark
		want bool
	}{
		{lease.Mark{}, lease.Mark{Epoch: 0, Seq: 1}, true},
		{lease.Mark{Epoch: 1, Seq: 9}, lease.Mark{Epoch: 2, Seq: 1}, true},
		{lease.Mark{Epoch: 2, Seq: 1}, lease.Mark{Epoch: 1, Seq: 9}, false},
		{lease.Mark{Epoch: 2, Seq: 1}, lease.Mark{Epoch: 2, Seq: 1}, false},
	} {
		if got := c.a.Before(c.b); got != c.want {
			t.Errorf("%s before %s: %t", c.a, c.b, got)
		}
		if again, err := lease.ParseMark(c.b.String()); err != nil || again != c.b {
			t.Errorf("%s read as %s, %v", c.b, again, err)
		}
	}
	for _, text := range []string{"", "1", "1.", ".1", "01.1", "1.1 ", "+1.1", "1.-1", "1.1.1", "18446744073709551616.1"} {
		if m, err := lease.ParseMark(text); err == nil {
			t.Errorf("%q read as %s", text, m)
		}
	}
}

func FuzzOrder(f *testing.F) {
	s := newSigners(f)
	token, err := lease.SignOrder(s.key[lease.UseOrder], s.kid[lease.UseOrder], sampleOrder())
	if err != nil {
		f.Fatal(err)
	}
	list, err := lease.SignList(s.key[lease.UseList], s.kid[lease.UseList], sampleList())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{token, list, "", "..", token[:len(token)-1]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if o, err := lease.VerifyOrder(text, s.set); err == nil && (text != token || o.Seq != 7) {
			t.Errorf("accepted %q", text)
		}
		if l, err := lease.VerifyList(text, s.set); err == nil && (text != list || l.Seq != 7) {
			t.Errorf("accepted %q", text)
		}
	})
}
