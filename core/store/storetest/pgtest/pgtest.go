//go:build unix

// Package pgtest runs a PostgreSQL server of a test's own.
//
// Start makes a cluster in a temporary folder, with the programs that the machine
// has, and skips the test when it has none. Database makes an empty database and
// returns its URL, as a setting would have it. Stop, Kill and Run end the server,
// by turns gently and as a power cut would, and start it again on the same data.
// The server syncs its writes, listens at a socket in its folder only, and ends
// with the test, even when the test's process is killed.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// The user that owns all databases of a server.
const (
	User     = "usher"
	Password = "hunter2-%/?"
)

// Server is a PostgreSQL server.
type Server struct {
	dir  string // holds the data and the socket
	bin  string // holds the programs
	as   *syscall.SysProcAttr
	made atomic.Int32
	now  *process
}

// Start starts a server that ends with tb.
func Start(tb testing.TB) *Server {
	tb.Helper()
	bin, err := programs()
	if err != nil {
		tb.Skip(err)
	}
	as, err := unprivileged()
	try(tb, err)
	dir, err := os.MkdirTemp("", "pgtest-") //nolint:usetesting // that one's is below a folder that is closed to the server's user
	try(tb, err)
	s := &Server{dir: dir, bin: bin, as: as}
	tb.Cleanup(func() {
		if s.now != nil {
			s.Kill(tb) // its data are not needed any more
		}
		try(tb, os.RemoveAll(dir))
	})
	try(tb, s.initialize(tb.Context()))
	s.Run(tb)
	return s
}

// programs returns the folder of the server's programs.
func programs() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/local/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"} {
		found, err := filepath.Glob(filepath.Join(pattern, "postgres"))
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return filepath.Dir(found[len(found)-1]), nil
		}
	}
	return "", errors.New("PostgreSQL is not installed: there is no program named postgres")
}

func (s *Server) initialize(ctx context.Context) error {
	password := filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(Password), 0o600); err != nil {
		return err
	}
	if s.as.Credential != nil {
		for _, name := range []string{s.dir, password} {
			if err := os.Chown(name, int(s.as.Credential.Uid), int(s.as.Credential.Gid)); err != nil {
				return err
			}
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), "--pgdata="+s.data(), "--username="+User,
		"--pwfile="+password, "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make a cluster: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Database makes an empty database and returns its URL.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprint("usher", s.made.Add(1))
	Exec(tb, s.URL("postgres"), "CREATE DATABASE "+name+" TEMPLATE template0")
	return s.URL(name)
}

// URL is how a client finds a database, which need not be there.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, Password), Path: "/" + database,
		RawQuery: url.Values{"host": {s.dir}}.Encode(),
	}
	return u.String()
}

// Exec runs statements in the database that url names.
func Exec(tb testing.TB, url string, statements ...string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context()) // also while tb is cleaned up
	c, err := pgx.Connect(ctx, url)
	try(tb, err)
	defer func() { try(tb, c.Close(ctx)) }()
	for _, statement := range statements {
		_, err := c.Exec(ctx, statement)
		try(tb, err)
	}
}

// Run starts the server again and waits until it lets clients in.
func (s *Server) Run(tb testing.TB) {
	tb.Helper()
	p, err := run(s.as, s.dir, filepath.Join(s.bin, "postgres"), "-D", s.data(), "-c", "listen_addresses=",
		"-c", "unix_socket_directories="+s.dir, "-c", "max_connections=100", "-c", "shared_buffers=16MB",
		"-c", "log_min_messages=log", "-c", "log_min_error_statement=panic", "-c", "deadlock_timeout=100ms")
	try(tb, err)
	s.now = p
	select {
	case <-p.ready:
	case <-p.gone:
		tb.Fatalf("the server did not start:\n%s", p.log.String())
	}
}

// Stop ends the server as its owner does. Its clients are told that it ends.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	p := s.now
	s.now = nil
	try(tb, p.end())
	<-p.gone
}

// Kill ends the server like a power cut: kill -9. Only what was synced is kept.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	try(tb, err)
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	try(tb, err)
	try(tb, syscall.Kill(pid, syscall.SIGKILL))
	<-s.now.gone // with all that served clients
	s.Stop(tb)
}

func try(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
