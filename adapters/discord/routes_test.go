package discord

import (
	"crypto/ed25519"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core/coretest/pipe"
	"github.com/usherbot/usher/core/coretest/stand"
)

// Discord accepts the address, as it does when an operator enters it.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOn(t, "http", nil)
		if err := r.srv.Probe(t.Context()); err != nil {
			t.Errorf("got %v, want the address accepted", err)
		}
		if !r.Ready() || r.srv.Connected() != 0 || len(r.srv.Requests("GET /gateway/bot")) != 0 {
			t.Error("got a bot on the gateway, want one that waits for deliveries")
		}
		r.end(t)
	})
}

func TestDeliver(t *testing.T) {
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	const ping = `{"id":"1","application_id":"99","token":"t","type":1}`
	const call = `{` + inHall + `,"type":2,"data":{"name":"ping","type":1}}`
	tests := []struct {
		name, method, body string
		age                time.Duration
		spoil              func(h http.Header)
		status             int
		want               string
	}{
		{"a ping", "POST", ping, 0, nil, 200, `{"type":1}`},
		{"a ping of a little ago", "POST", ping, 4 * time.Minute, nil, 200, `{"type":1}`},
		{"nobody is there", "POST", call, 0, nil, 503, "later\n"},
		{"of long ago", "POST", ping, 6 * time.Minute, nil, 401, "not authorised\n"},
		{"of the future", "POST", ping, -6 * time.Minute, nil, 401, "not authorised\n"},
		{"at another time", "POST", ping, 0, func(h http.Header) { h.Set(timestampHeader, strconv.FormatInt(time.Now().Unix()+1, 10)) }, 401, "not authorised\n"},
		{"no signature", "POST", ping, 0, func(h http.Header) { h.Del(signatureHeader) }, 401, "not authorised\n"},
		{"no time", "POST", ping, 0, func(h http.Header) { h.Del(timestampHeader) }, 401, "not authorised\n"},
		{"half a signature", "POST", ping, 0, func(h http.Header) { h.Set(signatureHeader, h.Get(signatureHeader)[:64]) }, 401, "not authorised\n"},
		{"a signature of nothing", "POST", ping, 0, func(h http.Header) { h.Set(signatureHeader, strings.Repeat("00", 64)) }, 401, "not authorised\n"},
		{"no interaction", "POST", `<html>`, 0, nil, 400, "not an interaction\n"},
		{"too much", "POST", `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, 0, nil, 413, "too large\n"},
		{"a visitor", "GET", "", 0, nil, 405, "POST only\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := New(Config{Token: testToken, PublicKey: hex.EncodeToString(pub), Mode: HTTP, Log: slog.New(slog.DiscardHandler)})
			req := httptest.NewRequest(tt.method, public+path, strings.NewReader(tt.body))
			stamp := strconv.FormatInt(time.Now().Add(-tt.age).Unix(), 10)
			req.Header.Set(timestampHeader, stamp)
			req.Header.Set(signatureHeader, hex.EncodeToString(ed25519.Sign(priv, []byte(stamp+tt.body))))
			if tt.spoil != nil {
				tt.spoil(req.Header)
			}
			w := httptest.NewRecorder()
			adaptertest.Routes(a).ServeHTTP(w, req)
			got, err := io.ReadAll(w.Result().Body)
			if err != nil || w.Code != tt.status || string(got) != tt.want {
				t.Errorf("got %d %q, want %d %q", w.Code, got, tt.status, tt.want)
			}
		})
	}
}

// Without a key nothing is genuine.
func TestNoKey(t *testing.T) {
	if genuine(nil, strings.Repeat("00", 64), strconv.FormatInt(noon.Unix(), 10), nil, noon) {
		t.Error("got it taken for genuine")
	}
}

func TestModes(t *testing.T) {
	const elsewhere = "https://elsewhere.example/"
	tests := []struct {
		name   string
		mode   Mode
		url    string
		routes bool
		single bool
		http   bool
		log    string // a part of what the operator is told
	}{
		{"auto without a URL", Auto, "", true, true, false, ""},
		{"auto with one", Auto, elsewhere, true, true, true, ""},
		{"gateway", Gateway, "", false, true, false, ""},
		{"gateway with a URL", Gateway, elsewhere, false, true, false, "DISCORD_MODE: is gateway"},
		{"http", HTTP, elsewhere, true, false, true, ""},
		{"http without a URL", HTTP, "", true, false, true, "DISCORD_MODE: is http"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := discordtest.New(t, discordtest.Options{InteractionsURL: tt.url, Place: stand.Place{Net: pipe.New()}})
				r := start(t, srv, func(c *Config) { c.Mode = tt.mode }, nil)
				if got := srv.Connected() == 0; got != tt.http || !r.Ready() {
					t.Errorf("got it over HTTP %v, ready %v, want %v", got, r.Ready(), tt.http)
				}
				if routes, single := r.Routes() != nil, r.Caps().Single; routes != tt.routes || single != tt.single {
					t.Errorf("got routes %v, single %v, want %v and %v", routes, single, tt.routes, tt.single)
				}
				if log := r.Log.String(); !strings.Contains(log, tt.log) || tt.log == "" && strings.Contains(log, "DISCORD_MODE") {
					t.Errorf("got log %s, want %q in it", log, tt.log)
				}
				r.end(t)
			})
		})
	}
}

// The same bytes for everything that is wrong with a signature: see TestDeliver.
func FuzzGenuine(f *testing.F) {
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	stamp := strconv.FormatInt(noon.Unix(), 10)
	f.Add(hex.EncodeToString(ed25519.Sign(priv, []byte(stamp+"{}"))), stamp, []byte("{}"))
	f.Add("", "", []byte(nil))
	f.Fuzz(func(t *testing.T, signature, timestamp string, body []byte) {
		got := genuine(pub, signature, timestamp, body, noon)
		sig, err := hex.DecodeString(signature)
		if want := err == nil && timestamp == stamp && ed25519.Verify(pub, []byte(timestamp+string(body)), sig); got && !want && timestamp == stamp {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
