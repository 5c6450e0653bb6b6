package wire_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// document is what these tests read of openapi.yaml: the file keeps to two
// spaces a level and one member a line, so that this reader is enough.
type document struct {
	schemas  map[string][]string // name to members, sorted
	required map[string][]string
	refs     []string
	paths    []string
}

func readDocument(t *testing.T) document {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d := document{schemas: map[string][]string{}, required: map[string][]string{}}
	for _, m := range regexp.MustCompile(`\$ref: "#/components/schemas/(\w+)"`).FindAllStringSubmatch(string(text), -1) {
		d.refs = append(d.refs, m[1])
	}
	line := regexp.MustCompile(`^( *)([\w/{}$]+):(.*)$`)
	var section, schema, part string
	for text := range strings.Lines(string(text)) {
		m := line.FindStringSubmatch(strings.TrimRight(text, "\n"))
		if m == nil {
			continue
		}
		switch depth, name := len(m[1]), m[2]; {
		case depth == 0:
			section = name
		case section == "paths" && depth == 2:
			d.paths = append(d.paths, name)
		case section == "components" && depth == 2:
			section = name
		case section == "securitySchemes" || section == "parameters" || section == "responses":
			if depth == 2 {
				section = name
			}
		case section == "schemas" && depth == 4:
			schema, part = name, ""
			d.schemas[schema] = nil
		case section == "schemas" && depth == 6:
			part = name
			if name == "required" {
				d.required[schema] = strings.FieldsFunc(m[3], func(r rune) bool { return strings.ContainsRune("[], ", r) })
			}
		case section == "schemas" && depth == 8 && part == "properties":
			d.schemas[schema] = append(d.schemas[schema], name)
		}
	}
	for name := range d.schemas {
		slices.Sort(d.schemas[name])
	}
	return d
}

// jsonMembers are the names that encoding/json gives a type's fields.
func jsonMembers(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// alwaysWritten are the members that are never left out.
func alwaysWritten(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		if name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); options != "omitempty" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func TestOpenAPINamesTheGoTypes(t *testing.T) {
	d := readDocument(t)
	for _, typ := range []reflect.Type{
		reflect.TypeFor[wire.Server](), reflect.TypeFor[wire.SubKey](), reflect.TypeFor[wire.Nonce](), reflect.TypeFor[wire.Me](),
		reflect.TypeFor[wire.DeviceRequest](), reflect.TypeFor[wire.Device](), reflect.TypeFor[wire.RevealRequest](),
		reflect.TypeFor[wire.DryRun](), reflect.TypeFor[wire.DryRunEntry](), reflect.TypeFor[wire.CacheRequest](),
		reflect.TypeFor[wire.GenerationReport](), reflect.TypeFor[wire.JournalUpload](), reflect.TypeFor[wire.JournalEvent](),
		reflect.TypeFor[wire.JournalAnswer](), reflect.TypeFor[wire.Orders](), reflect.TypeFor[wire.LeaseRequest](),
		reflect.TypeFor[wire.LeaseAnswer](), reflect.TypeFor[wire.ErrorBody](), reflect.TypeFor[wire.Error](),
		reflect.TypeFor[wire.Enrolment](), reflect.TypeFor[wire.Challenge](), reflect.TypeFor[wire.Answer](), reflect.TypeFor[wire.Proven](),
		reflect.TypeFor[binding.Statement](), reflect.TypeFor[wire.Sealed](), reflect.TypeFor[wire.Attestation](),
		reflect.TypeFor[wire.IndicesRequest](), reflect.TypeFor[wire.Indices](), reflect.TypeFor[wire.PermitRequest](),
		reflect.TypeFor[wire.Permit](), reflect.TypeFor[wire.ReadingRequest](), reflect.TypeFor[wire.Escrow](), reflect.TypeFor[wire.Released](),
	} {
		want := jsonMembers(typ)
		if diff := cmp.Diff(want, d.schemas[typ.Name()]); diff != "" {
			t.Errorf("%s: %s", typ.Name(), diff)
		}
		required := slices.Sorted(slices.Values(d.required[typ.Name()]))
		if diff := cmp.Diff(alwaysWritten(typ), required); diff != "" { // nothing else is left out when it is written
			t.Errorf("%s, required: %s", typ.Name(), diff)
		}
	}
	for _, ref := range d.refs {
		if _, ok := d.schemas[ref]; !ok {
			t.Errorf("no schema %s", ref)
		}
	}
	if len(d.refs) < 50 || len(d.paths) != 23 {
		t.Errorf("%d references, %d paths: the reader or the document has lost some", len(d.refs), len(d.paths))
	}
}

// written collects the members that the encoder writes, by schema.
type written map[string]map[string]bool

func (w written) add(schema string, v any) {
	o, ok := v.(map[string]any)
	if !ok {
		return
	}
	if w[schema] == nil {
		w[schema] = map[string]bool{}
	}
	for name, value := range o {
		w[schema][name] = true
		below := map[string]string{
			"times": "Times", "facts": "Facts", "fields": "Field", "attachments": "Attachment",
			"custom_data": "CustomDatum", "history": "Entry", "associations": "Association",
		}[name]
		if name == "auto_type" {
			below = "AutoType" // a string in a group, which add passes over
		}
		if below == "" {
			continue
		}
		if list, ok := value.([]any); ok {
			for _, item := range list {
				w.add(below, item)
			}
		} else {
			w.add(below, value)
		}
	}
}

// TestOpenAPINamesTheRecords compares the document with what the encoder makes
// of a content in which every field is set.
func TestOpenAPINamesTheRecords(t *testing.T) {
	d := readDocument(t)
	content := everything()
	yes := true
	facts := &wire.Facts{Offline: &yes, OfflineReason: wire.ReasonTooLarge, AttachmentSizes: []int64{1, 2}}
	for i := range reflect.TypeFor[wire.Facts]().NumField() {
		if f := reflect.ValueOf(facts).Elem().Field(i); f.Kind() == reflect.Bool {
			f.SetBool(true)
		}
	}
	var streams bytes.Buffer
	streams.Write(encode(t, wire.Complete, content))
	err := wire.EncodeContent(&streams, wire.Metadata, wire.Head{}, content, wire.EncodeOptions{Facts: func(*vault.Entry) *wire.Facts { return facts }})
	if err != nil {
		t.Fatal(err)
	}
	failing := wire.NewEncoder(&streams, wire.Metadata)
	if err := failing.Fail(vault.Internal); err != nil {
		t.Fatal(err)
	}
	got := written{}
	for line := range bytes.Lines(streams.Bytes()) {
		var o map[string]any
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		kind := o["t"].(string)
		if kind == "entry" {
			delete(o, "t")
			delete(o, "group")
			got.add("Entry", o)
			continue
		}
		got.add(strings.ToUpper(kind[:1])+kind[1:]+"Record", o)
	}
	alone, err := (&wire.EntryAnswer{Entry: content.Root.Entries[0], Group: vault.NewID()}).Encode(wire.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	var o any
	if err := json.Unmarshal(alone, &o); err != nil {
		t.Fatal(err)
	}
	got.add("Entry", o)
	for schema, members := range got {
		names := make([]string, 0, len(members))
		for name := range members {
			names = append(names, name)
		}
		slices.Sort(names)
		if diff := cmp.Diff(names, d.schemas[schema]); diff != "" {
			t.Errorf("%s (- written, + documented): %s", schema, diff)
		}
	}
	for _, schema := range []string{"HeadRecord", "IconRecord", "GroupRecord", "BlobRecord", "EndRecord", "LeaseRecord", "ErrorRecord", "Field", "Facts", "Association"} {
		if got[schema] == nil {
			t.Errorf("no %s was written", schema)
		}
	}
}
