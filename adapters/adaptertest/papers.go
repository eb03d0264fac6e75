package adaptertest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"github.com/usherbot/usher/core"
)

// This file has what adapters are held against: what platforms publish and have
// sent, and what we found good before.

var rewrite = flag.Bool("update-golden", false, "write the golden files anew")

// Golden compares what goes over the wire, as people can read it, with the file
// testdata/<name>.json. The flag -update-golden writes that file.
func Golden(t *testing.T, name string, v any) {
	t.Helper()
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", filepath.FromSlash(name)+".json")
	if *rewrite {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
	}
}

// schemaFolder names the folder of the platforms' schemas and recordings, which
// are not part of this project.
const schemaFolder = "USHER_TEST_SCHEMAS"

// schemas is that folder. Without it the test is skipped.
func schemas(t *testing.T) string {
	t.Helper()
	dir := os.Getenv(schemaFolder)
	if dir == "" {
		t.Skip(schemaFolder + " is not set: it names the folder of the platforms' schemas and recordings")
	}
	return dir
}

// Schema is what a platform publishes of its API, such as an OpenAPI document.
type Schema[API any] struct{ read func() (*API, error) }

// ReadSchema makes one of a file of schemas, which is read once, when it is needed.
func ReadSchema[API any](file string) Schema[API] {
	return Schema[API]{sync.OnceValues(func() (*API, error) {
		raw, err := os.ReadFile(filepath.Join(os.Getenv(schemaFolder), "schemas", file))
		if err != nil {
			return nil, err
		}
		api := new(API)
		return api, json.Unmarshal(raw, api)
	})}
}

// API is what the platform publishes. Without the schemas the test is skipped.
func (s Schema[API]) API(t *testing.T) *API {
	t.Helper()
	schemas(t)
	api, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// CheckRequests holds all that a platform was asked against what it publishes,
// where that is at hand. Wrong says which method a request was to, and what is
// wrong with it, without what it says. A test of its own must show that it finds
// something.
func CheckRequests[API, Request any](t testing.TB, s Schema[API], all []Request, wrong func(*API, Request) (method string, bad []string)) {
	t.Helper()
	if os.Getenv(schemaFolder) == "" {
		return
	}
	api, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, r := range all {
		method, bad := wrong(api, r)
		for _, what := range bad {
			if !told[what] {
				t.Errorf("%s is not as published: %s", method, what)
			}
			told[what] = true
		}
	}
}

// Closest returns what is wrong with a value by the choice that comes closest.
func Closest[Choice any](choices []Choice, wrong func(Choice) []string) []string {
	var least []string
	for i, c := range choices {
		if bad := wrong(c); i == 0 || len(bad) < len(least) {
			least = bad
		}
	}
	return least
}

// Recording is something that a platform has sent to a real bot, such as
// "chat/message.json". Without the recordings the test is skipped.
func Recording(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(schemas(t), "fixtures", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Recordings decodes all that there is of a platform. Each must be expected: as an
// event, or as none, which is the zero value.
func Recordings(t *testing.T, platform string, want map[string]core.Event, decode func(t *testing.T, name string, raw []byte) core.Event) {
	files, err := filepath.Glob(filepath.Join(schemas(t), "fixtures", platform, "*.json"))
	if err != nil || len(files) < len(want) {
		t.Fatalf("got %d recordings (%v), want %d at least", len(files), err, len(want))
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			want, listed := want[name]
			if !listed {
				t.Fatal("got a recording that nobody expects anything of")
			}
			got := decode(t, name, Recording(t, platform+"/"+name))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}
