//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// The user that owns all databases of a server.
const (
	User     = "usher"
	Password = "hunter2-%/?"
)

// Server is a PostgreSQL server.
type Server struct {
	dir      string // holds the data and the socket
	bin      string // holds the programs
	as       *syscall.SysProcAttr
	settings []string
	made     atomic.Int32
	now      *process
}

// New makes a cluster and runs its server, with settings beside those of tests, as
// in "shared_buffers=128MB". Close ends it.
func New(ctx context.Context, settings ...string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	s := &Server{dir: dir, bin: bin, as: as, settings: settings}
	err = s.initialize(ctx)
	if err == nil {
		err = s.run()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends the server, if it runs, and removes what it had.
func (s *Server) Close() (err error) {
	if s.now != nil {
		err = s.kill() // its data are not needed any more
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Installed returns an error where the machine has no PostgreSQL.
func Installed() error {
	_, err := programs()
	return err
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

// URL is how a client finds a database, which need not be there.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, Password), Path: "/" + database,
		RawQuery: url.Values{"host": {s.dir}}.Encode(),
	}
	return u.String()
}

// Do runs statements in the database that url names.
func Do(ctx context.Context, url string, statements ...string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := c.Exec(ctx, statement); err != nil {
			return errors.Join(err, c.Close(ctx))
		}
	}
	return c.Close(ctx)
}

// PID is of the server's first process, whose children do its work.
func (s *Server) PID() (int, error) {
	b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("find the server: %w", err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0, fmt.Errorf("find the server: %w", err)
	}
	return pid, nil
}

func (s *Server) run() error {
	args := []string{filepath.Join(s.bin, "postgres"), "-D", s.data()}
	for _, setting := range slices.Concat([]string{
		"listen_addresses=", "unix_socket_directories=" + s.dir, "max_connections=100", "shared_buffers=16MB",
		"log_min_messages=log", "log_min_error_statement=panic", "deadlock_timeout=100ms",
	}, s.settings) {
		args = append(args, "-c", setting)
	}
	p, err := run(s.as, s.dir, args...)
	if err != nil {
		return err
	}
	select {
	case <-p.ready:
		s.now = p
		return nil
	case <-p.gone:
		return errors.Join(fmt.Errorf("the server did not start:\n%s", p.log.String()), p.end())
	}
}

func (s *Server) stop() error {
	p := s.now
	s.now = nil
	if err := p.end(); err != nil {
		return err
	}
	<-p.gone
	return nil
}

func (s *Server) kill() error {
	pid, err := s.PID()
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		return err
	}
	<-s.now.gone // with all that served clients
	return s.stop()
}
