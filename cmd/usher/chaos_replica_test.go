//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/usherbot/usher/core/store"
)

// doorOf names the door of a replica, in that replica's environment.
const doorOf = "USHER_TEST_DOOR"

// TestMain runs the tests, or is one of the bots that they start.
func TestMain(m *testing.M) {
	if door := os.Getenv(doorOf); door != "" {
		os.Exit(beReplica(door))
	}
	os.Exit(m.Run())
}

// beReplica serves as usher does, and tells at the door what it does in the store. It
// does not outlive the test.
func beReplica(door string) int {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := serve(ctx, os.Environ(), "", os.Stderr, fx.Decorate(func(s store.Store) store.Store { return candid{s, door} }))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// candid is a store of which others hear before and after each step of a login. What
// was told after a step has been committed.
type candid struct {
	store.Store
	door string
}

func (c candid) step(at point, login string, do func() error) error {
	c.tell(before, at, login)
	err := do()
	if err == nil {
		c.tell(after, at, login)
	}
	return err
}

func (c candid) tell(when moment, at point, login string) {
	resp, err := http.Post(c.door+stepPath+"?"+url.Values{"when": {string(when)}, "at": {string(at)}, "login": {login}}.Encode(), "", nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, "at the door:", err)
		os.Exit(4)
	}
	resp.Body.Close()
}

// AddReplica implements store.Replicas: a process begins, or begins anew because its
// lease was over, and what it was telling may be told again.
func (c candid) AddReplica(ctx context.Context, id string, life time.Duration) error {
	return c.step(struck, "", func() error { return c.Store.AddReplica(ctx, id, life) })
}

// AddLogin implements store.Logins.
func (c candid) AddLogin(ctx context.Context, l store.Login) error {
	return c.step(inserting, l.ID, func() error { return c.Store.AddLogin(ctx, l) })
}

// KeepLogin implements store.Logins.
func (c candid) KeepLogin(ctx context.Context, id string, was, origin []byte, wake time.Time, shown bool) error {
	return c.step(keeping, id, func() error { return c.Store.KeepLogin(ctx, id, was, origin, wake, shown) })
}

// ChangeLogin implements store.Logins.
func (c candid) ChangeLogin(ctx context.Context, ch store.Change) error {
	return c.step(pointOf(ch), ch.ID, func() error { return c.Store.ChangeLogin(ctx, ch) })
}

// PutTell implements store.Outbox.
func (c candid) PutTell(ctx context.Context, t store.Tell) error {
	return c.step(putting, t.Payload, func() error { return c.Store.PutTell(ctx, t) })
}

// DropTell implements store.Outbox.
func (c candid) DropTell(ctx context.Context, key string, seq int64) error {
	return c.step(dropping, key[len("login:"):], func() error { return c.Store.DropTell(ctx, key, seq) })
}

// replica is a bot in one process after the other.
type replica struct {
	w   *chaos
	dir string
	log output

	mu     sync.Mutex
	cmd    *exec.Cmd     // nil: it does not run
	dead   chan struct{} // closed when cmd has ended
	ended  chan struct{} // and when that was looked into
	life   int           // of how many processes cmd is
	frozen int           // faults that keep it still
}

// start starts a process, which ends with the test at the latest, and opens its door.
func (r *replica) start(t *testing.T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil || t.Context().Err() != nil {
		return
	}
	door := httptest.NewServer(&door{r, r.life + 1})
	cmd := exec.Command(os.Args[0])
	cmd.Dir, cmd.Stderr, cmd.Stdout = r.dir, &r.log, &r.log
	cmd.Env = append(append(os.Environ(), r.w.settings(door.URL)...), doorOf+"="+door.URL)
	alive, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		door.Close()
		t.Errorf("start a replica: %v", err)
		return
	}
	dead, ended := make(chan struct{}), make(chan struct{})
	r.cmd, r.dead, r.ended, r.life, r.frozen = cmd, dead, ended, r.life+1, 0
	go func() {
		defer close(ended)
		cmd.Wait()
		close(dead)
		alive.Close()
		r.gone(t, cmd)
		door.Close()
	}()
}

// gone looks into the end of a process that was not killed. One that finds no
// database when it starts ends, and is started again as an operator has it.
func (r *replica) gone(t *testing.T, cmd *exec.Cmd) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != cmd {
		return
	}
	r.cmd = nil
	switch code := cmd.ProcessState.ExitCode(); {
	case code == 1 && r.w.spoils:
		time.AfterFunc(time.Second, func() { r.start(t) })
	case code != 0:
		t.Errorf("a replica ended by itself: %v\n%s", cmd.ProcessState, &r.log)
	}
}

// stop ends it as an operator does, and waits for the end.
func (r *replica) stop(t *testing.T) {
	r.mu.Lock()
	cmd, ended := r.cmd, r.ended
	r.mu.Unlock()
	if cmd == nil {
		return
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stop a replica: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(stopWithin + patience):
		r.strike(kill)
		t.Errorf("a replica did not stop\n%s", &r.log)
	}
}

// strike does something to the process that runs now, if one does.
func (r *replica) strike(what deed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return
	}
	r.w.note(event{what: struck, deadly: true})
	switch what {
	case kill:
		r.cmd.Process.Kill()
		<-r.dead
		r.cmd = nil // what still comes to its door comes too late
		r.w.note(event{what: struck, deadly: true})
	case freeze:
		r.still(r.life, 1)
		life := r.life
		time.AfterFunc(frozenFor, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.still(life, -1)
		})
	}
}

// still has the process stand still or go on, if it is that one. r.mu is held.
func (r *replica) still(life, more int) {
	if r.cmd == nil || r.life != life {
		return
	}
	r.frozen += more
	signal := syscall.SIGSTOP
	if r.frozen == 0 {
		signal = syscall.SIGCONT
		r.w.note(event{what: struck, deadly: true})
	}
	r.cmd.Process.Signal(signal)
}

// lives reports whether that process runs, or stands still.
func (r *replica) lives(life int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cmd != nil && r.life == life
}
