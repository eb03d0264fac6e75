package sqlstore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// victimStore names the store, in the process that is to be killed.
const victimStore = "USHER_TEST_VICTIM_STORE"

// TestKilledProcessLosesNothing kills a process while it writes, and looks for
// every row that it had reported as written.
func TestKilledProcessLosesNothing(t *testing.T) {
	if name := os.Getenv(victimStore); name != "" {
		writeUntilKilled(t, name)
		return
	}
	name := filepath.Join(t.TempDir(), "usher.db")
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	victim.Env = append(os.Environ(), victimStore+"="+name)
	victim.Stderr = os.Stderr
	out, err := victim.StdoutPipe()
	try(t, err)
	try(t, victim.Start())

	var written []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // killed; a line that was cut is none
		}
		written = append(written, strings.TrimSuffix(line, "\n"))
		if len(written) == 500 {
			try(t, victim.Process.Kill())
		}
	}
	if err := victim.Wait(); err == nil || len(written) < 500 {
		t.Fatalf("got %v after %d rows, want it killed after 500", err, len(written))
	}

	s := open(t, name) // its lock died with it
	for _, row := range written {
		if err := find(t.Context(), s, row); err != nil {
			t.Errorf("%s was reported and is not there: %v", row, err)
		}
	}
}

func find(ctx context.Context, s *sqlstore.Store, row string) error {
	kind, id, _ := strings.Cut(row, " ")
	if kind == "login" {
		_, err := s.Login(ctx, id)
		return err
	}
	_, err := s.Note(ctx, id)
	return err
}

func writeUntilKilled(t *testing.T, name string) {
	s := open(t, name)
	for writer := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d", writer, i)
				if writer%2 == 0 {
					l := store.Login{ID: id, Person: id, Provider: "github", Created: time.Now()}
					report(t, "login", id, s.AddLogin(t.Context(), l))
				} else {
					report(t, "note", id, s.PutNote(t.Context(), id, nil, time.Time{}))
				}
			}
		}()
	}
	select {}
}

func report(t *testing.T, kind, id string, err error) {
	if err != nil {
		t.Error(err)
		return
	}
	fmt.Fprintf(os.Stdout, "%s %s\n", kind, id)
}
