package adaptertest

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/seal"
)

// Running is an adapter that runs in a bubble of testing/synctest, and what it
// has heard.
type Running struct {
	Log   *Journal
	Stop  context.CancelFunc
	Ended chan error // why it has ended; nil: it was stopped

	mu    sync.Mutex
	heard []core.Event
}

// Start runs the adapter that open makes, after it has published commands, unless
// there are none. Do is what is made of an event; nil: it is safe at once.
func Start(t *testing.T, open func(log *slog.Logger) core.Adapter, commands []core.Command, do func(core.Event)) *Running {
	t.Helper()
	if do == nil {
		do = func(ev core.Event) { ev.Safe() }
	}
	r := &Running{Log: &Journal{}, Ended: make(chan error, 1)}
	a := open(slog.New(slog.NewTextHandler(r.Log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	ctx, stop := context.WithCancel(t.Context())
	r.Stop = stop
	go func() {
		if len(commands) > 0 {
			if err := a.Publish(ctx, commands, true); err != nil {
				r.Ended <- err
				return
			}
		}
		r.Ended <- a.Run(ctx, func(ev core.Event) {
			r.note(ev)
			do(ev)
		})
	}()
	synctest.Wait()
	return r
}

func (r *Running) note(ev core.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, ev)
}

// End stops the adapter, which is no error. Nothing secret may be in its log.
func (r *Running) End(t *testing.T, secrets ...string) {
	t.Helper()
	r.Stop()
	if err := <-r.Ended; err != nil {
		t.Errorf("run: got %v, want nil", err)
	}
	for _, secret := range secrets {
		if strings.Contains(r.Log.String(), secret) {
			t.Errorf("a secret is in the log: %s", r.Log)
		}
	}
}

// Events are those that were heard, in order.
func (r *Running) Events() []core.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.heard)
}

// Calls are the commands that were heard, by name.
func (r *Running) Calls() string {
	var names []string
	for _, ev := range r.Events() {
		if call, ok := ev.What.(core.Call); ok {
			names = append(names, call.Name)
		}
	}
	return strings.Join(names, " ")
}

// Reply answers an event.
func Reply(t *testing.T, ev core.Event, m core.Message) core.Ref {
	t.Helper()
	ref, err := ev.Back.Reply(t.Context(), m)
	if err != nil {
		t.Errorf("reply: got %v, want nil", err)
	}
	return ref
}

// Last is the newest message that somebody sees, or none.
func Last(w coretest.World, who, where string) coretest.Seen {
	seen := w.Sees(who, where)
	if len(seen) == 0 {
		return coretest.Seen{}
	}
	return seen[len(seen)-1]
}

// Pressable is a button with a token of its own.
func Pressable(label string, tone core.Tone, token seal.Secret) core.Control {
	return core.Button{Label: label, Tone: tone, Do: core.Action{Name: "a"}.WithToken(token)}
}

// Journal is a log that is read while it is written. The zero value is empty.
type Journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write adds to the log.
func (j *Journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

// String is the log so far.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}
