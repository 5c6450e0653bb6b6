package present_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/app/present"
)

// prefixes are what the keys of the catalogue begin with, read once.
var prefixes = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for k := range present.Load("en").Keys() {
		prefix, _, _ := strings.Cut(k, ".")
		all[prefix] = true
	}
	return all
})

// spoken fails for every text in a model that is a key without words, or that
// has an argument missing.
func spoken(t *testing.T, model any) {
	t.Helper()
	key := regexp.MustCompile(`^[a-z_]+(\.[a-zA-Z_0-9]+)+$`)
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			text := v.String()
			name := path[strings.LastIndexByte(path, '.')+1:]
			if name == "ID" || name == "Icon" || name == "UID" {
				return
			}
			known := false
			if key.MatchString(text) {
				prefix, _, _ := strings.Cut(text, ".")
				known = prefixes()[prefix]
			}
			if known || strings.Contains(text, "<no value>") || strings.Contains(text, "{{") {
				t.Errorf("%s: no words: %q", path, text)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() {
					walk(path+"."+f.Name, v.Field(i))
				}
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				walk(path, v.Index(i))
			}
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(path, v.Elem())
			}
		}
	}
	walk(reflect.TypeOf(model).String(), reflect.ValueOf(model))
}

// Every key that the source of this package names must have words; that both
// languages have the same keys is tested beside the errors.
func TestKeysInTheSourceHaveWords(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	words := present.Load("en").Keys()
	literal := regexp.MustCompile(`"((?:menu|reason|time|size|count|mode|status|level|column|field|entry|draft|offline|login|unlock|cache|master|connect|clear|contents|import|keys|doctor|format|window)\.[a-zA-Z_0-9.]*[a-zA-Z_0-9])"`)
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "commands.go" { // those of commands.go are ids
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(text), -1) {
			seen++
			_, ok := words[m[1]]
			if _, topic := words["topic."+m[1]+".message"]; !ok && !topic {
				t.Errorf("%s: no words for %s", name, m[1])
			}
		}
	}
	if seen < 100 {
		t.Errorf("found %d keys: the expression does not find them any more", seen)
	}
}

func TestTimes(t *testing.T) {
	const day = 24 * time.Hour
	en, de := present.Load("en"), present.Load("de")
	for _, tt := range []struct{ got, want string }{
		{en.Ago(-time.Hour), "just now"},
		{en.Ago(59 * time.Second), "just now"},
		{en.Ago(time.Minute), "1 minute ago"},
		{en.Ago(3*time.Hour + 59*time.Minute), "3 hours ago"},
		{en.Ago(day), "1 day ago"},
		{en.Ago(90 * day), "3 months ago"},
		{en.Ago(800 * day), "2 years ago"},
		{en.Left(-time.Second), "less than a minute left"},
		{en.Left(time.Hour), "1 hour left"},
		{en.Left(47*time.Hour + 59*time.Minute), "47 hours left"},
		{en.Left(48*time.Hour - time.Nanosecond), "47 hours left"},
		{en.Left(2 * day), "2 days left"},
		{en.Left(60*time.Hour - time.Second), "2 days left"},
		{en.Left(60 * time.Hour), "3 days left"},
		{en.Left(7*day - time.Second), "7 days left"},
		{en.Left(6*day + 11*time.Hour), "6 days left"},
		{en.Left(30*day - time.Minute), "30 days left"},
		{en.Left(59 * day), "59 days left"},
		{en.Left(90*day - time.Minute), "3 months left"},
		{en.Left(89 * day), "2 months left"},
		{en.Left(730*day - time.Minute), "2 years left"},
		{de.Left(7*day - time.Minute), "noch 7 Tage"},
		{en.In(3 * day), "in 3 days"},
		{en.For(7 * day), "7 days"},
		{de.Ago(3 * day), "vor 3 Tagen"},
		{de.Ago(day), "vor 1 Tag"},
		{de.Ago(time.Hour), "vor 1 Stunde"},
		{de.Left(3 * day), "noch 3 Tage"},
		{de.In(62 * day), "in 2 Monaten"},
		{de.For(62 * day), "2 Monate"},
		{en.Expiry(noon.Add(3*day), noon), "expires in 3 days"},
		{en.Expiry(noon, noon), "expired just now"},
		{de.Expiry(noon.Add(-2*day), noon), "abgelaufen vor 2 Tagen"},
		{de.Expiry(noon.Add(3*day), noon), "läuft in 3 Tagen ab"},
		{en.Size(0), "0 B"},
		{en.Size(999), "999 B"},
		{en.Size(1000), "1.0 kB"},
		{de.Size(12_540), "12,5 kB"},
		{en.Size(999_999), "1.0 MB"},
		{en.Size(5_000_000_000), "5.0 GB"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
