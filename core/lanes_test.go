package core

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core/store"
)

// finished is who has finished, in order.
type finished struct {
	mu  sync.Mutex
	who []string
}

func (f *finished) add(who string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.who = append(f.who, who)
}

func (f *finished) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.who, ", ")
}

// slowly adds a command that takes the time that it is called with.
func slowly(order *finished) func(*Bot) {
	return func(b *Bot) {
		b.Add(command("wait", func(_ context.Context, in *Invocation) error {
			d, err := time.ParseDuration(in.Values["time"])
			if err != nil {
				return err
			}
			time.Sleep(d)
			order.add(in.From.ID + " " + in.Values["time"])
			return nil
		}, String("time", "how long")))
	}
}

func TestOrder(t *testing.T) {
	yard := Chat{Platform: "neutral", Team: "T", ID: "yard"}
	type step struct {
		who  User
		in   Chat
		time string
	}
	tests := []struct {
		name  string
		steps []step
		want  string
		took  time.Duration
	}{
		{"of one person in one chat", []step{{ann, hall, "3s"}, {ann, hall, "1s"}, {ann, hall, "2s"}}, "ann 3s, ann 1s, ann 2s", 6 * time.Second},
		{"not between persons", []step{{ann, hall, "3s"}, {bob, hall, "1s"}}, "bob 1s, ann 3s", 3 * time.Second},
		{"not between chats", []step{{ann, hall, "3s"}, {ann, yard, "1s"}}, "ann 1s, ann 3s", 3 * time.Second},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			var order finished
			h := host(t, newWire(), slowly(&order))
			for _, s := range tt.steps {
				h.hand(h.event(s.who, s.in, Call{Name: "wait", Rest: s.time}))
			}
			time.Sleep(tt.took)
			synctest.Wait()
			if got := order.String(); got != tt.want {
				t.Errorf("after %v: got %s, want %s", tt.took, got, tt.want)
			}
			if len(h.bot.lanes.queues) != 0 {
				t.Errorf("got %d lanes, want none to be left", len(h.bot.lanes.queues))
			}
		})
	}
}

// Goroutines are used again, and no more of them wait than may.
func TestLanesAreTakenUpByThoseThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handled atomic.Int32
		h := host(t, newWire(), func(b *Bot) {
			b.Add(command("count", func(context.Context, *Invocation) error {
				time.Sleep(time.Second)
				handled.Add(1)
				return nil
			}))
		})
		for round := range 3 {
			for i := range 2 * waiters {
				h.hand(h.event(User{Platform: "neutral", ID: fmt.Sprint(i)}, hall, Call{Name: "count"}))
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if got, want := int(handled.Load()), (round+1)*2*waiters; got != want {
				t.Errorf("got %d handled, want %d", got, want)
			}
			if got := len(h.bot.lanes.idle); got != waiters {
				t.Errorf("got %d goroutines that wait, want %d", got, waiters)
			}
		}
	})
}

func TestHandlersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, all atomic.Int32
		free := make(chan struct{})
		h := host(t, newWire(), func(b *Bot) {
			b.Add(command("hold", func(context.Context, *Invocation) error {
				now.Add(1)
				all.Add(1)
				<-free
				now.Add(-1)
				return nil
			}))
		})
		const most = 1024
		for i := range most + 100 {
			h.hand(h.event(User{Platform: "neutral", ID: fmt.Sprint(i)}, hall, Call{Name: "hold"}))
		}
		if synctest.Wait(); now.Load() != most {
			t.Errorf("got %d at once, want %d", now.Load(), most)
		}
		close(free)
		if synctest.Wait(); all.Load() != most+100 {
			t.Errorf("got %d in all, want %d", all.Load(), most+100)
		}
	})
}

// forgetful is a store that takes every note at once and keeps none.
type forgetful struct{ store.Store }

func (forgetful) AddNote(context.Context, string, []byte, time.Time, ...string) (bool, error) {
	return true, nil
}

// BenchmarkDispatch is what core adds to a handler: from the event that an
// adapter hands over to the handler's first line, and back. The budget is 2 µs
// and 10 allocations.
func BenchmarkDispatch(b *testing.B) {
	for _, bb := range []struct {
		name string
		call Call
	}{
		{"bare", Call{Name: "go"}},
		{"options", Call{Name: "roll", Args: map[string]string{"count": "7", "text": "d6"}}},
		{"text", Call{Name: "roll", Rest: "7 d6"}},
	} {
		b.Run(bb.name, func(b *testing.B) { benchDispatch(b, bb.call) })
	}
}

func benchDispatch(b *testing.B, call Call) {
	done := make(chan struct{}, 1)
	run := func(context.Context, *Invocation) error {
		done <- struct{}{}
		return nil
	}
	bot := New(Options{Store: forgetful{}, Keys: newKeys(b, testSecret, "")})
	bot.Add(command("go", run), command("roll", run, optCount, optText))
	bot.Connect(newWire())
	bot.compile()
	bot.lanes.open(b.Context())
	keys := make([]string, 1024)
	for i := range keys {
		keys[i] = "event " + strconv.Itoa(i)
	}
	ev := Event{At: time.Now(), From: ann, Chat: hall, What: call, Back: answers{}, Safe: func() {}}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		ev.Key = keys[i%len(keys)]
		i++
		bot.lanes.take(ev)
		<-done
	}
}
