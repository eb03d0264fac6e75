//go:build unix

package sqlstore

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/storetest/pgtest"
)

// TestServerRefused opens what cannot be opened. No error may hold a part of the URL.
func TestServerRefused(t *testing.T) {
	db := pgtest.Start(t)
	good := db.Database(t)
	closed := listen(t, nil)
	pgtest.Exec(t, good, "CREATE ROLE guest LOGIN PASSWORD 'hunter2'", "REVOKE CONNECT ON DATABASE usher1 FROM PUBLIC",
		"CREATE DATABASE latin1 ENCODING 'LATIN1' TEMPLATE template0")
	tests := []struct{ name, url, want string }{
		{"wrong password", as(t, good, pgtest.User, "hunter3"), "refuses the user and password in its URL; mend them"},
		{"unknown user", as(t, good, "hunter", "hunter2"), "refuses the user and password"},
		{"no database", db.URL("hunter2"), "no database of the name in its URL; create it"},
		{"no right to connect", as(t, good, "guest", "hunter2"), "grant it CONNECT"},
		{"no right to make tables", as(t, db.URL("postgres"), "guest", "hunter2"), "GRANT CREATE ON SCHEMA"},
		{"too few letters", db.URL("latin1"), "LATIN1 only; make one WITH ENCODING 'UTF8'"},
		{"unknown host", "postgres://u:p@hunter2.invalid/usher", "is not known; mend its name"},
		{"password in the host", "postgres://u:p@hun@ter2.invalid/usher", "is not known; mend its name"},
		{"no server", "postgres://hunter2:hunter2@" + closed + "/hunter2", "cannot be reached (connection refused); start it"},
		{"no socket", "postgres:///hunter2?host=/hunter2", "cannot be reached (no such file or directory); start it"},
		{"no answer", "postgres://u:hunter2@" + listen(t, silence) + "/usher?connect_timeout=1", "does not answer; mend host and port"},
		{"no TLS", "postgres://u:hunter2@" + listen(t, noTLS) + "/usher?sslmode=require", "has no TLS and the URL demands it"},
		{"unknown certificate", "postgres://u:hunter2@" + listen(t, selfSigned) + "/usher?sslmode=verify-full", "name the certificate of who signed it by sslrootcert"},
		{"unknown signer", "postgres://u:hunter2@" + listen(t, selfSigned) + "/usher?sslmode=verify-ca", "name the certificate of who signed it by sslrootcert"},
		{"another protocol", "postgres://u:hunter2@" + listen(t, http) + "/usher?sslmode=disable", "does not speak as PostgreSQL does"},
		{"bad port", "postgres://u:hunter2@host:hunter2/usher", "is not understood"},
		{"bad escape", "postgres://u:hunter2%@host/usher", "is not understood"},
		{"bad parameter", "postgres://u:hunter2@host/usher?pool_max_conns=hunter2", "is not understood"},
		{"no file", "postgres://u:hunter2@host/usher?sslmode=verify-full&sslrootcert=/hunter2", "a file that it names cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refuseURL(t, tt.url, tt.want) })
	}
}

func refuseURL(t *testing.T, name, want string) {
	t.Helper()
	s, err := Open(t.Context(), name)
	if err == nil {
		t.Fatal(errors.Join(errors.New("it was opened"), s.Close()))
	}
	said := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, part := range []string{"hunter", "usher1", ".invalid"} {
		if strings.Contains(said, part) {
			t.Errorf("got %q, which repeats %q of the URL", err, part)
		}
	}
	if !strings.HasPrefix(err.Error(), "open store") || !strings.Contains(err.Error(), want) {
		t.Errorf("got %q, want it to say %q", err, want)
	}
}

// as is a URL for another user.
func as(t *testing.T, raw, user, password string) string {
	t.Helper()
	u, err := url.Parse(raw)
	try(t, err)
	u.User = url.UserPassword(user, password)
	return u.String()
}

// listen returns an address where serve answers, or, without it, nobody does.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	try(t, err)
	if serve == nil {
		try(t, l.Close())
		return l.Addr().String()
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		try(t, l.Close())
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	return l.Addr().String()
}

// silence reads until its client gives up.
func silence(c net.Conn) { io.Copy(io.Discard, c) }

// noTLS answers the request for TLS like a server without
// (postgresql.org/docs/current/protocol-flow.html, "SSL Session Encryption").
func noTLS(c net.Conn) {
	if _, err := io.ReadFull(c, make([]byte, 8)); err == nil {
		fmt.Fprint(c, "N")
	}
}

// selfSigned begins TLS with a certificate that nobody knows.
func selfSigned(c net.Conn) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	if _, err := io.ReadFull(c, make([]byte, 8)); err == nil {
		fmt.Fprint(c, "S")
		tls.Server(c, server.TLS).Handshake()
	}
}

func http(c net.Conn) {
	if _, err := bufio.NewReader(c).ReadByte(); err == nil {
		fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
	}
}

// TestServerTables opens databases that hold something already.
func TestServerTables(t *testing.T) {
	db := pgtest.Start(t)
	tests := []struct {
		name, sql    string
		want, beside string // empty: it is opened
	}{
		{"nothing", "", "", "start usher serve first"},
		{"ours", "ours", "", ""},
		{"newer ones", "UPDATE schema_version SET version = version + 1", "use the newer usher", "use the newer usher"},
		{"another program's", "CREATE TABLE bookmarks (url TEXT)", "database of another program; name another", "database of another program"},
		{"another program's in a schema of its own", "CREATE SCHEMA other; CREATE TABLE other.bookmarks (url TEXT)", "", "start usher serve first"},
		{"a view", "CREATE VIEW hours AS SELECT 24", "", "start usher serve first"},
		{"no schema", "DROP SCHEMA public", "no schema to make tables in", "start usher serve first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := db.Database(t)
			if strings.Contains(tt.sql, "schema_version") || tt.sql == "ours" {
				try(t, openURL(t, url).Close())
			}
			if tt.sql != "ours" {
				pgtest.Exec(t, url, tt.sql)
			}
			for _, open := range []struct {
				as   func(context.Context, string) (*Store, error)
				want string
			}{{OpenBeside, tt.beside}, {Open, tt.want}} {
				s, err := open.as(t.Context(), url)
				switch {
				case err == nil && open.want == "":
					try(t, s.Close())
				case err == nil:
					t.Error(errors.Join(errors.New("it was opened"), s.Close()))
				case open.want == "" || !strings.Contains(err.Error(), open.want):
					t.Errorf("got %q, want it to say %q", err, open.want)
				}
			}
		})
	}
}

// TestServerOutage ends the server below a store and starts it again.
func TestServerOutage(t *testing.T) {
	db := pgtest.Start(t)
	s := openURL(t, db.Database(t))
	var verbs []func(key string) error
	verbs = append(verbs,
		func(key string) error { return s.PutNote(t.Context(), key, nil, time.Time{}) },
		func(key string) error { _, err := s.Login(t.Context(), key); return ignore(err, store.ErrNotFound) },
		func(key string) error { return s.PutTell(t.Context(), store.Tell{Key: key}) },
	)
	for name, end := range map[string]func(testing.TB){"stopped": db.Stop, "killed": db.Kill} {
		t.Run(name, func(t *testing.T) {
			var all sync.WaitGroup // so that there are many connections to lose
			for i := range 32 {
				all.Go(func() {
					if err := verbs[i%len(verbs)](fmt.Sprint(name, i)); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			end(t)
			for i, verb := range verbs {
				if err := verb("out"); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
					t.Errorf("verb %d: got %v while the server is away, want it to say so", i, err)
				}
			}
			db.Run(t)
			for i, verb := range verbs {
				if err := verb("again"); err != nil {
					t.Errorf("verb %d: got %v once the server is back", i, err)
				}
			}
			end(t)
			db.Run(t)
			for i, verb := range verbs {
				if err := verb("unseen"); err != nil {
					t.Errorf("verb %d: got %v after an outage that nobody saw", i, err)
				}
			}
		})
	}
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// TestServerKilledLosesNothing kills the server while logins are written, and looks
// for each that was reported as written.
func TestServerKilledLosesNothing(t *testing.T) {
	db := pgtest.Start(t)
	s := openURL(t, db.Database(t))
	written := make(chan string)
	var writers sync.WaitGroup
	for w := range 16 {
		writers.Go(func() {
			for i := 0; ; i++ {
				l := store.Login{ID: fmt.Sprint(w, "-", i), Created: time.Now()}
				l.Person = l.ID
				if err := s.AddLogin(t.Context(), l); err != nil {
					return // the server is gone
				}
				written <- l.ID
			}
		})
	}
	go func() {
		writers.Wait()
		close(written)
	}()
	var ids []string
	killed := make(chan struct{})
	for id := range written {
		if ids = append(ids, id); len(ids) == 500 {
			go func() {
				defer close(killed)
				db.Kill(t)
			}()
		}
	}
	<-killed
	db.Run(t)
	for _, id := range ids {
		if _, err := s.Login(t.Context(), id); err != nil {
			t.Errorf("login %s was reported and is not there: %v", id, err)
		}
	}
}
