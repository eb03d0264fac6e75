package core

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// notes is a store that keeps notes in memory, and in which everybody is a
// person of their own. Whatever else is asked of it is a panic.
type notes struct {
	store.Store
	mu     sync.Mutex
	kept   map[string]note
	log    []string // verb and key
	broken error    // what all verbs return
}

type note struct {
	value   []byte
	expires time.Time
}

func newNotes() *notes { return &notes{kept: map[string]note{}} }

func (n *notes) begin(verb, key string) error {
	n.log = append(n.log, verb+" "+key)
	return n.broken
}

func (n *notes) get(key string) ([]byte, bool) {
	kept, ok := n.kept[key]
	return kept.value, ok && (kept.expires.IsZero() || time.Now().Before(kept.expires))
}

func (n *notes) AddNote(_ context.Context, key string, value []byte, expires time.Time, marks ...string) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.begin("add", key); err != nil {
		return false, err
	}
	_, there := n.get(key)
	if there {
		return false, nil
	}
	n.kept[key] = note{value, expires}
	for _, mark := range marks {
		if kept, ok := n.kept[mark]; ok {
			n.kept[mark] = note{[]byte(key), kept.expires}
		}
	}
	return true, nil
}

// As if nobody else worked on them.
func (n *notes) AddReplica(context.Context, string, time.Duration) error   { return nil }
func (n *notes) RenewReplica(context.Context, string, time.Duration) error { return nil }
func (n *notes) EndReplica(context.Context, string) error                  { return nil }
func (n *notes) Replicas(context.Context) (int, []string, error)           { return 1, nil, nil }
func (n *notes) TakeLease(context.Context, string, string) (bool, error)   { return true, nil }
func (n *notes) GiveLease(context.Context, string, string) error           { return nil }

func (n *notes) PutNote(_ context.Context, key string, value []byte, expires time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.begin("put", key); err != nil {
		return err
	}
	n.kept[key] = note{value, expires}
	return nil
}

func (n *notes) Note(_ context.Context, key string) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.begin("read", key); err != nil {
		return nil, err
	}
	if value, there := n.get(key); there {
		return value, nil
	}
	return nil, store.ErrNotFound
}

func (n *notes) TakeNote(_ context.Context, key string) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.begin("take", key); err != nil {
		return nil, err
	}
	value, there := n.get(key)
	if !there {
		return nil, store.ErrNotFound
	}
	delete(n.kept, key)
	return value, nil
}

func (n *notes) Person(_ context.Context, platform, team, user string) (string, error) {
	return key(platform, team, user), nil
}

func (n *notes) spoil(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.broken = err
}

// with returns the keys under a prefix.
func (n *notes) with(prefix string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []string
	for key := range n.kept {
		if strings.HasPrefix(key, prefix) {
			out = append(out, key)
		}
	}
	return out
}

const (
	testSecret  = "a-secret-of-the-tests-of-core-0123456789"
	otherSecret = "another-secret-of-the-tests-of-core-0123"
)

func newKeys(t testing.TB, now, previous seal.Secret) seal.Keys {
	t.Helper()
	keys, err := seal.NewKeys(now, previous)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// newBot is a bot without a platform.
func newBot(t testing.TB) *Bot {
	t.Helper()
	return New(Options{Store: newNotes(), Keys: newKeys(t, testSecret, ""), Log: slog.New(slog.DiscardHandler)})
}

var (
	ann  = User{Platform: "neutral", Team: "T", ID: "ann", Name: "Ann"}
	bob  = User{Platform: "neutral", Team: "T", ID: "bob", Name: "Bob"}
	hall = Chat{Platform: "neutral", Team: "T", ID: "hall"}
	home = Chat{Platform: "neutral", Team: "T", ID: "with-ann", Direct: true}
)
