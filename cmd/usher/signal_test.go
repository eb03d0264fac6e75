package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usherbot/usher/core/coretest"
)

// program is a bot that runs in a process of its own.
type program struct {
	*exec.Cmd
	log   output
	ended chan error
}

// build builds this program.
func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "usher")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build usher: %v\n%s", err, out)
	}
	return bin
}

// launch starts a program and waits until it is ready.
func launch(t *testing.T, bin string, environ []string) *program {
	t.Helper()
	p := &program{Cmd: exec.CommandContext(t.Context(), bin, "serve"), ended: make(chan error, 1)}
	p.Dir, p.Stderr, p.Env = t.TempDir(), &p.log, append(os.Environ(), environ...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	p.log.wait(t, "msg=ready")
	return p
}

// address is where the program listens.
func (p *program) address() string {
	_, rest, _ := strings.Cut(p.log.String(), "listen=")
	address, _, _ := strings.Cut(rest, "\n")
	return address
}

// exits waits for the end, which must have this exit code.
func (p *program) exits(t *testing.T, code int, within time.Duration) {
	t.Helper()
	select {
	case <-p.ended:
		if got := p.ProcessState.ExitCode(); got != code {
			t.Errorf("got exit code %d, want %d\n%s", got, code, &p.log)
		}
	case <-time.After(within):
		t.Fatalf("got no end within %v\n%s", within, &p.log)
	}
}

func (p *program) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// TestSignals asks programs to end, nicely and less so.
func TestSignals(t *testing.T) {
	bin := build(t)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run("one "+s.String(), func(t *testing.T) {
			p := launch(t, bin, newWorld(t).settings())
			p.signal(t, s)
			p.exits(t, 0, 10*time.Second)
		})
		t.Run("two "+s.String(), func(t *testing.T) {
			p := launch(t, bin, newWorld(t).settings())
			c := linger(t, p.address())
			defer c.Close()
			p.signal(t, s)
			p.log.wait(t, "msg=stopping")
			p.signal(t, s)
			p.exits(t, 128+int(s), 2*time.Second)
		})
	}
}

// TestKilled kills a program between code and approval. The next one completes
// the login, in the same message.
func TestKilled(t *testing.T) {
	bin, w := build(t), newWorld(t)
	environ := w.settings("USHER_PROVIDERS=acme", "ACME_ISSUER="+w.auth.URL(), "ACME_CLIENT_ID=app")
	p := launch(t, bin, environ)
	w.chat.Say("alice", coretest.Direct, "/login acme")
	card := w.sees(t, "Sign in to")
	p.signal(t, syscall.SIGKILL)
	p.exits(t, -1, 2*time.Second)
	p = launch(t, bin, environ)
	if err := w.auth.Approve(w.auth.Pending()[0], w.auth.User("octocat")); err != nil {
		t.Fatal(err)
	}
	w.sees(t, "Signed in as octocat")
	if seen := w.chat.Sees("alice", coretest.Direct); len(seen) != 1 || seen[0].ID != card.ID {
		t.Errorf("got %q, want the card alone", seen)
	}
	p.signal(t, syscall.SIGTERM)
	p.exits(t, 0, 10*time.Second)
}

// linger makes a request that does not come to its end, so that an orderly stop
// has to wait for it.
func linger(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	// The second one is under way when the first was answered.
	if _, err := fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nPOST /telegram/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return c
}
