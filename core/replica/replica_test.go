package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

var errAway = errors.New("the store is away")

// world is a store and what happens around it, in virtual time.
type world struct {
	*testing.T
	store.Store
	began time.Time

	mu     sync.Mutex
	events []string
}

// bubble runs f in a world.
func bubble(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := sqlstore.Open(t.Context(), sqlstore.Memory)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		f(&world{T: t, Store: s, began: time.Now()})
	})
}

func (w *world) notef(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, fmt.Sprint(time.Since(w.began).Round(time.Millisecond))+" "+fmt.Sprintf(format, args...))
}

// want compares what happened, and forgets it.
func (w *world) want(events ...string) {
	w.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.events, events) {
		w.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(w.events, "\n\t"), strings.Join(events, "\n\t"))
	}
	w.events = nil
}

// wantLive compares how many processes the store says live.
func (w *world) wantLive(want int) {
	w.Helper()
	if live, _, err := w.Replicas(w.Context()); err != nil || live != want {
		w.Errorf("got %d live, %v, want %d", live, err, want)
	}
}

// link is the way of one process to the store, which may be away for it alone.
type link struct {
	store.Replicas
	mu   sync.Mutex
	away bool
	hang bool // answers come when the context ends
}

func (l *link) lose(away, hang bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away, l.hang = away, hang
}

func (l *link) do(ctx context.Context, verb func() error) error {
	l.mu.Lock()
	away, hang := l.away, l.hang
	l.mu.Unlock()
	switch {
	case hang:
		<-ctx.Done()
		return ctx.Err()
	case away:
		return errAway
	}
	return verb()
}

func (l *link) AddReplica(ctx context.Context, id string, life time.Duration) error {
	return l.do(ctx, func() error { return l.Replicas.AddReplica(ctx, id, life) })
}

func (l *link) RenewReplica(ctx context.Context, id string, life time.Duration) error {
	return l.do(ctx, func() error { return l.Replicas.RenewReplica(ctx, id, life) })
}

func (l *link) EndReplica(ctx context.Context, id string) error {
	return l.do(ctx, func() error { return l.Replicas.EndReplica(ctx, id) })
}

func (l *link) TakeLease(ctx context.Context, key, id string) (took bool, err error) {
	err = l.do(ctx, func() error { took, err = l.Replicas.TakeLease(ctx, key, id); return err })
	return took, err
}

func (l *link) GiveLease(ctx context.Context, key, id string) error {
	return l.do(ctx, func() error { return l.Replicas.GiveLease(ctx, key, id) })
}

// linked is a link with the verb whose name the embedded interface has taken.
type linked struct{ *link }

func (l linked) Replicas(ctx context.Context) (live int, dead []string, err error) {
	err = l.do(ctx, func() error { live, dead, err = l.link.Replicas.Replicas(ctx); return err })
	return live, dead, err
}

// process is a process with a way of its own to the store.
type process struct {
	*Replica
	*link
	w        *world
	name     string
	end      context.CancelFunc // of its lives
	ended    chan struct{}
	letGo    context.CancelFunc // of what it holds
	released chan error
}

// process makes one that lives. What happens in its lives is not noted.
func (w *world) process(name string) *process {
	return w.begin(name, func(ctx context.Context, _ *Life) { <-ctx.Done() })
}

// begin makes a process that lives so.
func (w *world) begin(name string, lives func(ctx context.Context, l *Life)) *process {
	p := &process{link: &link{Replicas: w.Store}, w: w, name: name, ended: make(chan struct{}), letGo: func() {}, released: make(chan error, 1)}
	p.Replica = New(linked{p.link}, slog.New(slog.DiscardHandler))
	var ctx context.Context
	ctx, p.end = context.WithCancel(w.Context())
	p.released <- nil
	go func() {
		p.Run(ctx, lives)
		close(p.ended)
	}()
	synctest.Wait()
	return p
}

// noted makes a process whose lives are noted.
func (w *world) noted(name string) *process {
	return w.begin(name, func(ctx context.Context, _ *Life) {
		w.notef("%s lives", name)
		<-ctx.Done()
		w.notef("%s is fenced", name)
	})
}

// holds notes when a process has the lease of "chat". Stopping takes it so long.
func (p *process) holds(takes time.Duration) {
	var ctx context.Context
	ctx, p.letGo = context.WithCancel(p.w.Context())
	<-p.released
	go func() {
		p.released <- p.Hold(ctx, "chat", func(ctx context.Context) error {
			p.w.notef("%s runs", p.name)
			<-ctx.Done()
			time.Sleep(takes)
			p.w.notef("%s stops", p.name)
			return nil
		})
	}()
	synctest.Wait()
}

// release has a process hold no more, and live on.
func (p *process) release() {
	p.w.Helper()
	p.letGo()
	if err := <-p.released; err != nil {
		p.w.Errorf("%s: got %v, want nil", p.name, err)
	}
	p.released <- nil
}

// stop ends a process the way a signal does.
func (p *process) stop() {
	p.w.Helper()
	p.release()
	p.end()
	<-p.ended
}

// now is the life of the moment.
func (p *process) now() *Life {
	p.Replica.mu.Lock()
	defer p.Replica.mu.Unlock()
	return p.life
}

// jump moves the clocks of a process: its life is over so much earlier.
func (p *process) jump(mono, wall time.Duration) {
	l := p.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until, l.wall = l.until.Add(-mono), l.wall.Add(-wall)
}

// standStill is what a process sees that did nothing for so long.
func (p *process) standStill(d time.Duration) { p.jump(d, d) }

func TestLive(t *testing.T) {
	bubble(t, func(w *world) {
		a := w.noted("a")
		for range 12 { // always renewed in time
			time.Sleep(5 * time.Second)
			w.wantLive(1)
		}
		b := w.process("b")
		w.wantLive(2)
		if live, dead, err := a.Look(a.now()); err != nil || live != 2 || len(dead) != 0 {
			t.Errorf("got %d live, dead %v, %v, want 2", live, dead, err)
		}
		b.stop()
		if live, dead, err := a.Look(a.now()); err != nil || live != 1 || len(dead) != 1 {
			t.Errorf("got %d live, dead %v, %v, want 1 and one dead: the end gives back", live, dead, err)
		}
		w.want("0s a lives")
		a.stop()
		w.wantLive(0)
		w.want("1m0s a is fenced")
	})
}

// TestFence ends a life three seconds before its lease, whatever happened, and begins
// another.
func TestFence(t *testing.T) {
	tests := []struct {
		name string
		act  func(p *process)
		want []string
	}{
		{"the store is away for a while", func(p *process) {
			p.lose(true, false)
			time.Sleep(4 * time.Second) // until 11.5 s: a renewal has failed at 10 s
			p.lose(false, false)
		}, nil},
		{"the store is away for longer", func(p *process) {
			p.lose(true, false)
			time.Sleep(14 * time.Second)
			p.lose(false, false)
		}, []string{"17s a is fenced", "22s a lives"}},
		{"the store does not answer", func(p *process) { p.lose(false, true) }, []string{"17s a is fenced"}},
		{"the store answers again", func(p *process) {
			p.lose(false, true)
			time.Sleep(14 * time.Second)
			p.lose(false, false) // what was asked before is never answered
		}, []string{"17s a is fenced", "30s a lives"}},
		{"the process stood still", func(p *process) { p.standStill(time.Minute) }, []string{"8s a is fenced", "8s a lives"}},
		{"the process stood still for a moment", func(p *process) { p.standStill(5 * time.Second) }, nil},
		{"the machine slept", func(p *process) { p.jump(0, time.Minute) }, []string{"8s a is fenced", "8s a lives"}},
		{"the wall clock was put back", func(p *process) { p.jump(0, -time.Hour) }, nil},
		{"the lease was ended", func(p *process) {
			if err := p.w.EndReplica(p.w.Context(), p.now().ID); err != nil {
				p.w.Error(err)
			}
		}, []string{"10s a is fenced", "10s a lives"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				a := w.noted("a")
				time.Sleep(7500 * time.Millisecond)
				w.want("0s a lives")
				tt.act(a)
				time.Sleep(time.Minute)
				w.want(tt.want...)
				a.stop()
			})
		})
	}
}

// TestAlive asks right after the process stood still, before anything else could
// notice. In a machine that sleeps only the wall clock may go on, and somebody may
// have put that one back.
func TestAlive(t *testing.T) {
	tests := []struct {
		name       string
		mono, wall time.Duration
		want       bool
	}{
		{"nothing happened", 0, 0, true},
		{"it stood still for a moment", 5 * time.Second, 5 * time.Second, true},
		{"it stood still", fence, fence, false},
		{"by the clock that does not jump", fence, -time.Hour, false},
		{"by the one that does", 0, fence, false},
		{"the wall clock was put back", 0, -time.Hour, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				a := w.process("a")
				life := a.now()
				a.jump(tt.mono, tt.wall)
				if got := life.Alive(); got != tt.want || life.ctx.Err() != nil {
					t.Errorf("got alive %v, %v, want %v", got, life.ctx.Err(), tt.want)
				}
				a.stop()
				if life.Alive() {
					t.Error("ended: got it alive")
				}
			})
		})
	}
}

func TestIDsAreNew(t *testing.T) {
	bubble(t, func(w *world) {
		seen := map[string]bool{}
		a := w.begin("a", func(ctx context.Context, l *Life) {
			if seen[l.ID] {
				w.Errorf("got id %s twice", l.ID)
			}
			seen[l.ID] = true
			<-ctx.Done()
		})
		for range 3 {
			a.standStill(time.Hour)
			time.Sleep(2 * time.Second)
		}
		a.stop()
		if len(seen) != 4 {
			w.Errorf("got %d ids, want 4", len(seen))
		}
	})
}

// TestTheStoreIsAwayAtFirst begins to live as soon as it is there.
func TestTheStoreIsAwayAtFirst(t *testing.T) {
	bubble(t, func(w *world) {
		p := &link{Replicas: w.Store, away: true}
		r := New(linked{p}, slog.New(slog.DiscardHandler))
		ctx, end := context.WithCancel(w.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			r.Run(ctx, func(ctx context.Context, _ *Life) {
				w.notef("it lives")
				<-ctx.Done()
			})
		})
		wg.Go(func() {
			took, err := r.Take(ctx, "chat")
			w.notef("it took: %v, %v", took, err)
		})
		time.Sleep(5500 * time.Millisecond)
		w.want()
		p.lose(false, false)
		time.Sleep(time.Minute)
		synctest.Wait()
		slices.Sort(w.events) // they come at once
		w.want("6s it lives", "6s it took: true, <nil>")
		end()
		wg.Wait()
	})
}

func TestTakeEndsWithItsContext(t *testing.T) {
	bubble(t, func(w *world) {
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		never := New(w.Store, slog.New(slog.DiscardHandler)) // lives
		if took, err := never.Take(ctx, "chat"); took || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v, want %v", took, err, context.DeadlineExceeded)
		}
	})
}

func TestHoldEndsWithAnError(t *testing.T) {
	bubble(t, func(w *world) {
		wrong := errors.New("wrong")
		a, b := w.process("a"), w.process("b")
		if err := a.Hold(w.Context(), "chat", func(context.Context) error { return wrong }); !errors.Is(err, wrong) {
			w.Errorf("got %v, want %v", err, wrong)
		}
		b.holds(0) // to which it was given back
		w.want("0s b runs")
		b.stop()
		a.stop()
	})
}

// TestHold hands a lease over: one never runs before the other has stopped.
func TestHold(t *testing.T) {
	tests := []struct {
		name string
		act  func(a *process)
		want []string
	}{
		{"an orderly stop", (*process).stop, []string{"10.2s a stops", "11s b runs"}},
		{"it lives on and holds no more", (*process).release, []string{"10.2s a stops", "11s b runs"}},
		{"the store is away for it alone", func(a *process) { a.lose(true, false) }, []string{"18.7s a stops", "20s b runs"}},
		{"the store does not answer it", func(a *process) { a.lose(false, true) }, []string{"18.7s a stops", "20s b runs"}},
		{"it stood still", func(a *process) { a.standStill(time.Minute) }, []string{"10.7s a stops", "20s b runs"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				a := w.process("a")
				a.holds(1700 * time.Millisecond)
				b := w.process("b") // comes later
				b.holds(0)
				time.Sleep(8500 * time.Millisecond)
				w.want("0s a runs")
				tt.act(a)
				time.Sleep(20 * time.Second)
				w.want(tt.want...)
				b.stop()
				a.lose(false, false)
				a.stop()
			})
		})
	}
}

// TestHoldAlone keeps what a process alone runs while the store is away.
func TestHoldAlone(t *testing.T) {
	tests := []struct {
		name string
		act  func(a *process) *process // without the store
		want []string
	}{
		{"and nobody comes", func(*process) *process { time.Sleep(time.Hour); return nil }, []string{"1h0m10.5s a stops"}},
		{"and another was faster", func(a *process) *process {
			time.Sleep(20 * time.Second) // the lease has run out
			b := a.w.process("b")
			b.holds(0)
			return b
		}, []string{"28.5s b runs", "29s a stops", "30.5s b stops"}},
		{"and is stopped", func(a *process) *process {
			time.Sleep(20 * time.Second)
			a.release()
			return nil
		}, []string{"28.5s a stops"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(w *world) {
				a := w.process("a")
				a.holds(0)
				time.Sleep(6500 * time.Millisecond)
				w.want("0s a runs")
				a.lose(true, false)
				time.Sleep(2 * time.Second)
				b := tt.act(a)
				a.lose(false, false)
				time.Sleep(2 * time.Second)
				if b != nil {
					b.stop()
				}
				a.stop()
				w.want(tt.want...)
			})
		})
	}
}
