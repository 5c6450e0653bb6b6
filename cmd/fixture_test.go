package cmd_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

const filePassword = "Quelle: 4 Möwen"

// deepLevels is how many groups stand in each other, the root included: the
// most that KeePass 2 opens.
const deepLevels = 126

// fixture writes a file with everything that gets lost on the way in other
// programs, has KeePassXC save it again, and returns its path.
func fixture(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "team.kdbx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	opt := kdbx.DefaultOptions()
	opt.KDF = kdbx.KDFParams{Kind: kdbx.Argon2id, MemoryBytes: 8 << 20, Iterations: 2, Parallelism: 2}
	if err := kdbx.Write(context.Background(), f, fixtureDocument(), kdbx.CompositeKey([]byte(filePassword), nil), opt); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keepassxc(t, filePassword+"\n", "mkdir", path, "Made by KeePassXC")
	if after, err := os.ReadFile(path); err != nil || bytes.Equal(before, after) {
		t.Fatalf("keepassxc-cli did not save the file again: %v", err)
	}
	return path
}

func fixtureDocument() *kdbx.Document {
	seed := rand.New(rand.NewChaCha8([32]byte{1}))
	at := time.Date(2024, 3, 5, 9, 15, 17, 0, time.UTC)
	times := vault.Times{Created: at, Modified: at.Add(time.Hour), Accessed: at, LocationChanged: at, UsageCount: 3}
	entry := func(title, user, password, url, notes string) *vault.Entry {
		e := &vault.Entry{ID: vault.NewID(), Times: times, AutoType: vault.AutoType{Enabled: true}}
		e.Set(vault.FieldTitle, vault.SecretText(title), false)
		e.Set(vault.FieldUsername, vault.SecretText(user), false)
		e.Set(vault.FieldPassword, vault.SecretText(password), true)
		e.Set(vault.FieldURL, vault.SecretText(url), false)
		e.Set(vault.FieldNotes, vault.SecretText(notes), false)
		return e
	}
	group := func(name string) *vault.Group {
		return &vault.Group{ID: vault.NewID(), Name: name, Times: times, Expanded: true}
	}

	history := entry("With history", "me", "third", "", "")
	for i, password := range []string{"first", "second"} {
		old := entry("With history", "me", password, "", "")
		old.ID = history.ID
		old.Times.Modified = at.Add(time.Duration(i) * time.Minute)
		history.History = append(history.History, old)
	}

	big := make([]byte, 10<<20)
	for i := 0; i < len(big); i += 8 {
		v := seed.Uint64()
		for j := range 8 {
			big[i+j] = byte(v >> (8 * j))
		}
	}
	files := entry("With attachments", "", "", "", "")
	files.Attachments = []vault.Attachment{
		{Name: "empty", Binary: &vault.Binary{Data: []byte{}}},
		{Name: "ten megabytes.bin", Binary: &vault.Binary{Data: big}},
		{Name: "looks like base64.txt", Binary: &vault.Binary{Data: []byte("QUJDRA==")}},
		{Name: "really base64.txt", Binary: &vault.Binary{Data: []byte(base64.StdEncoding.EncodeToString([]byte("QUJDRA==")))}},
	}

	fields := entry("With fields", "", "", "", "")
	fields.Set("Plain", vault.SecretText("visible"), false)
	fields.Set("Hidden", vault.SecretText("p<&>\"'"), true)
	fields.Set(vault.FieldOTP, vault.SecretText("otpauth://totp/x:y?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=30&digits=6&issuer=x"), true)
	fields.Tags = []string{"blue", "grün"}
	fields.AutoType = vault.AutoType{Enabled: true, DefaultSequence: "{USERNAME}{ENTER}", Associations: []vault.Association{{Window: "Bank*", Sequence: "{PASSWORD}"}}}
	fields.Foreground, fields.Background, fields.OverrideURL = "#102030", "#FFEEDD", "cmd://run"
	fields.CustomData = []vault.CustomDatum{{Key: "plugin", Value: "v <1>"}}

	icon := vault.CustomIcon{ID: vault.NewID(), Data: []byte("\x89PNG\r\n\x1a\n invented")}
	pictured := entry("With icon 🌊", "", "x", "", "")
	pictured.Icon.Custom = icon.ID
	expiring := entry("Expiring", "", "x", "", "")
	expiring.Times.Expires, expiring.Times.Expiry = true, at.AddDate(3, 0, 0)

	odd := group("Odd <&> 名前 👩‍🚀")
	odd.Notes, odd.Icon.Standard = "notes of a group\nline two", 5
	odd.Entries = []*vault.Entry{
		entry("XML <specials> & \"quotes\" ]]>", "ü&<>", "<![CDATA[x]]>&amp;", "https://x?a=1&b=2", "tab\tand\nnewline"),
		entry("", "", "", "", ""),
		entry(" blanks ", "  ", " leading and trailing ", "", ""),
		entry("Twice", "a", "1", "", ""), entry("Twice", "b", "2", "", ""),
		pictured, expiring,
	}
	root := group("Team")
	deep := group("Level 2")
	at2 := deep
	for i := 3; i <= deepLevels; i++ {
		next := group(fmt.Sprintf("Level %d", i))
		at2.Groups = []*vault.Group{next}
		at2 = next
	}
	at2.Entries = []*vault.Entry{entry("At the bottom", "diver", "126 down", "", "")}
	root.Groups = []*vault.Group{odd, deep, group("Empty")}
	root.Entries = []*vault.Entry{history, files, fields}
	doc := kdbx.NewDocument(root)
	doc.Meta.Name, doc.Meta.CustomIcons = "Team", []vault.CustomIcon{icon}
	return doc
}

// keepassxc runs keepassxc-cli without a display and returns what it printed.
func keepassxc(t *testing.T, stdin string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("keepassxc-cli", args...)
	cmd.Env = append(os.Environ(), "QT_QPA_PLATFORM=offscreen", "LANG=C.UTF-8")
	cmd.Stdin = strings.NewReader(stdin)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("keepassxc-cli %v (Debian package keepassxc): %v\n%s", args, err, errOut.Bytes())
	}
	return out
}
