package sqlstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

func isURL(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// openServer opens the store in the database that the URL names.
func openServer(ctx context.Context, name string, ready func(upToDate bool) error) (*Store, error) {
	config, err := parseURL(name)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s, err := connect(ctx, config, ready)
	if err != nil {
		return nil, fmt.Errorf("open store in PostgreSQL: %w", err)
	}
	return s, nil
}

// patience is how long a server may take for a read or a commit. One that takes
// longer is gone, though its connection may not know it yet.
const patience = 10 * time.Second

// connect opens the store that config says. Half of the connections may write.
func connect(ctx context.Context, config *pgxpool.Config, ready func(upToDate bool) error) (*Store, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, refusal(err)
	}
	d := &server{pool: pool, patience: patience}
	err = d.lend(ctx, checkLetters)
	if err == nil {
		err = d.prepare(ctx, ready)
	}
	if err != nil {
		pool.Close()
		return nil, unprepared(err)
	}
	return start(d, int(max(1, config.MaxConns/2))), nil
}

// checkLetters refuses a database that does not know every name that people have.
func checkLetters(s *serverConn) error {
	switch letters := s.pg.PgConn().ParameterStatus("server_encoding"); letters {
	case "UTF8", "SQL_ASCII", "": // some poolers do not say
		return nil
	default:
		return fmt.Errorf("the database knows the letters of %s only; make one WITH ENCODING 'UTF8'", letters)
	}
}

// parseURL reads a URL, which may say other than what is set here. Statements are
// described once a connection and never prepared by a name, since a pooler that
// lends connections for a transaction may not know it on the next one (pgx, "PgBouncer").
func parseURL(name string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(name)
	if err != nil { // it may repeat the password
		return nil, errors.New("its URL is not understood, or a file that it names cannot be read; " +
			"write it as in postgres://user:password@host:5432/database, and in the password %25 for %, " +
			"%2F for /, %3A for :, %3F for ? and %40 for @")
	}
	_, query, _ := strings.Cut(name, "?")
	said, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("what follows the ? in its URL is not understood; write it as in ?sslmode=require&pool_max_conns=8")
	}
	c := config.ConnConfig
	if !said.Has("pool_max_conns") {
		config.MaxConns = 8
	}
	if !said.Has("default_query_exec_mode") {
		c.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 5 * time.Second
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "usher"
	}
	return config, nil
}

// refusal says why there is no connection and what can be done, without what was
// in the URL: a password that was not escaped may be anywhere in it.
func refusal(err error) error {
	failure, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	err = failure.Unwrap()
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return errors.New(verdict(answer.Code))
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New("the host in its URL is not known; mend its name")
	}
	if reason, ok := errors.AsType[syscall.Errno](err); ok {
		return fmt.Errorf("the server in its URL cannot be reached (%w); start it, or mend host and port", reason)
	}
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err) // alone where sslmode=verify-ca
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok || unknown {
		return errors.New("the server's certificate is not trusted; name the certificate of who signed it by sslrootcert in the URL")
	}
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return errors.New("the server in its URL does not answer; mend host and port, or let connections through to it")
	case strings.Contains(err.Error(), "refused TLS"):
		return errors.New("the server has no TLS and the URL demands it; set it up there, or leave sslmode out of the URL where nobody else can listen")
	}
	return errors.New("the server in its URL does not speak as PostgreSQL does; mend host, port and sslmode")
}

// verdict explains what a server answers to who wants to connect
// (postgresql.org/docs/current/errcodes-appendix.html).
func verdict(code string) string {
	switch code {
	case "28P01":
		return "the server refuses the user and password in its URL; mend them"
	case "28000":
		return "the server does not let the user in its URL in from here; mend the user or sslmode, or the server's pg_hba.conf"
	case "3D000":
		return "the server has no database of the name in its URL; create it, or mend the name"
	case "42501":
		return "the user in its URL may not connect to the database; grant it CONNECT"
	case "53300":
		return "the server takes no more connections; raise its max_connections, or put a smaller pool_max_conns into the URL"
	case "57P03":
		return "the server is starting or stopping; try again in a moment"
	}
	return fmt.Sprintf("the server refuses to connect (SQLSTATE %s)", code)
}

// unprepared adds what can be done where no tables can be made.
func unprepared(err error) error {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	switch failure.Code {
	case "42501":
		return fmt.Errorf("%w; make the user the owner of the database, or GRANT CREATE ON SCHEMA public to it", err)
	case "3F000":
		return fmt.Errorf("%w; the database has no schema to make tables in: CREATE SCHEMA public", err)
	case "25006":
		return fmt.Errorf("%w; the server is a standby: put the primary's host into the URL", err)
	}
	return err
}
