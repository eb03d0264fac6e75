package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/usherbot/usher/core/seal"
)

const (
	first  = seal.Secret("the first secret, long enough to be one")
	second = seal.Secret("the second secret, just as long as that")
)

func keys(t testing.TB, now, previous seal.Secret) seal.Keys {
	t.Helper()
	k, err := seal.NewKeys(now, previous)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOpenReturnsWhatWasSealed(t *testing.T) {
	k := keys(t, first, "")
	for _, text := range []string{"", "x", strings.Repeat("long ", 1000)} {
		blob := k.Seal([]byte(text), "login", "id", "alice")
		if len(text) > 8 && bytes.Contains(blob, []byte(text[:8])) {
			t.Errorf("the blob of %.8q shows it in clear", text)
		}
		got, err := k.Open(blob, "login", "id", "alice")
		if err != nil || string(got) != text {
			t.Errorf("got %.8q, %v, want %.8q", got, err, text)
		}
	}
}

func TestSealingTwiceDiffers(t *testing.T) {
	k := keys(t, first, "")
	if bytes.Equal(k.Seal([]byte("x"), "t", "i", "p"), k.Seal([]byte("x"), "t", "i", "p")) {
		t.Error("the same text sealed twice gave the same blob")
	}
}

func TestOpenRefuses(t *testing.T) {
	k := keys(t, first, "")
	blob := k.Seal([]byte("content"), "login", "id", "alice")
	changed := func(at int) []byte {
		out := bytes.Clone(blob)
		out[at] ^= 1
		return out
	}
	tests := []struct {
		name              string
		blob              []byte
		table, id, person string
		keys              seal.Keys
		want              error
	}{
		{"another table", blob, "account", "id", "alice", k, seal.ErrBroken},
		{"another row", blob, "login", "di", "alice", k, seal.ErrBroken},
		{"another person", blob, "login", "id", "bob", k, seal.ErrBroken},
		{"parts shifted", blob, "logini", "d", "alice", k, seal.ErrBroken},
		{"a changed bit", changed(len(blob) - 1), "login", "id", "alice", k, seal.ErrBroken},
		{"a changed nonce", changed(6), "login", "id", "alice", k, seal.ErrBroken},
		{"another version", changed(0), "login", "id", "alice", k, seal.ErrBroken},
		{"nothing", nil, "login", "id", "alice", k, seal.ErrBroken},
		{"cut after its head", blob[:5], "login", "id", "alice", k, seal.ErrBroken},
		{"another secret", blob, "login", "id", "alice", keys(t, second, ""), seal.ErrWrongKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := tt.keys.Open(tt.blob, tt.table, tt.id, tt.person); !errors.Is(err, tt.want) {
				t.Errorf("got %q, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestPreviousSecretStillWorks(t *testing.T) {
	old, both := keys(t, first, ""), keys(t, second, first)
	blob, mac := old.Seal([]byte("x"), "t", "i", "p"), old.MAC("label", "part")
	if _, err := both.Open(blob, "t", "i", "p"); err != nil {
		t.Errorf("open with the previous secret: %v", err)
	}
	if !both.Signed(mac, "label", "part") {
		t.Error("what the previous secret signed is refused")
	}
	if _, err := old.Open(both.Seal([]byte("x"), "t", "i", "p"), "t", "i", "p"); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("new blobs are made with the old secret: %v", err)
	}
}

func TestCurrent(t *testing.T) {
	both := keys(t, second, first)
	blob := both.Seal([]byte("x"), "t", "i", "p")
	tests := []struct {
		name string
		blob []byte
		want bool
	}{
		{"the current secret", blob, true},
		{"the previous secret", keys(t, first, "").Seal([]byte("x"), "t", "i", "p"), false},
		{"another secret", keys(t, first+second, "").Seal([]byte("x"), "t", "i", "p"), false},
		{"another version", append([]byte{blob[0] + 1}, blob[1:]...), false},
		{"cut in its head", blob[:4], false},
		{"nothing", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := both.Current(tt.blob); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSealed(t *testing.T) {
	for text, want := range map[string]bool{
		string(keys(t, first, "").Seal(nil, "t", "i", "p")): true, "\x01short": false, "": false,
		"seen:a key that is longer than any head": false,
	} {
		if got := seal.Sealed([]byte(text)); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestSigned(t *testing.T) {
	k := keys(t, first, "")
	mac := k.MAC("label", "a", "bc")
	tests := []struct {
		name  string
		mac   []byte
		label string
		parts []string
		want  bool
	}{
		{"whole", mac, "label", []string{"a", "bc"}, true},
		{"cut short", mac[:10], "label", []string{"a", "bc"}, true},
		{"another label", mac, "labels", []string{"a", "bc"}, false},
		{"parts shifted", mac, "label", []string{"ab", "c"}, false},
		{"a part less", mac, "label", []string{"a"}, false},
		{"empty", nil, "label", []string{"a", "bc"}, false},
		{"too long", append(bytes.Clone(mac), 0), "label", []string{"a", "bc"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := k.Signed(tt.mac, tt.label, tt.parts...); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestNewKeysRefusesShortSecrets(t *testing.T) {
	if _, err := seal.NewKeys("short", ""); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("got %v, want an error that does not repeat the secret", err)
	}
	if _, err := seal.NewKeys(first, "short"); err == nil {
		t.Error("a short previous secret was taken")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	holder := struct {
		Token seal.Secret
		Keys  seal.Keys
	}{"hunter2-hunter2", keys(t, first, "")}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+"\n", holder, holder.Token)
	}
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "token", holder.Token, "keys", holder.Keys, "holder", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "token", holder.Token, "keys", holder.Keys, "holder", holder)
	for _, leak := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), string(first)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q is printed:\n%s", leak, out.String())
		}
	}
	if got := holder.Token.Reveal(); got != "hunter2-hunter2" {
		t.Errorf("got %q revealed", got)
	}
}

func TestReadingRedactedBackIsAnError(t *testing.T) {
	var got seal.Secret
	if err := json.Unmarshal([]byte(`"[redacted]"`), &got); err == nil {
		t.Errorf("got %q, want an error", got.Reveal())
	}
	if err := json.Unmarshal([]byte(`"fresh"`), &got); err != nil || got.Reveal() != "fresh" {
		t.Errorf("got %q, %v, want fresh", got.Reveal(), err)
	}
}

func BenchmarkMAC(b *testing.B) {
	k := keys(b, first, "")
	b.ReportAllocs()
	for b.Loop() {
		k.MAC("label", "part", "another")
	}
}
