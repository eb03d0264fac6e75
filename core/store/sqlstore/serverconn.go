package sqlstore

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// serverConn is a connection for as long as ctx lasts.
type serverConn struct {
	ctx        context.Context
	pg         *pgx.Conn
	waiting    []string // statements about the transaction; they go with the next one
	committing bool     // whether what follows was written is the server's to say
}

func (s *serverConn) exec(query string, args ...any) (n int64, err error) {
	b := s.batch()
	b.Queue(spell(query), texts(args)...).Exec(func(tag pgconn.CommandTag) error {
		n = tag.RowsAffected()
		return nil
	})
	return n, s.pg.SendBatch(s.ctx, b).Close()
}

func (s *serverConn) each(f func(row) error, query string, args ...any) error {
	b := s.batch()
	b.Queue(spell(query), texts(args)...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := f(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return s.pg.SendBatch(s.ctx, b).Close()
}

func (s *serverConn) script(text string) error {
	s.waiting = append(s.waiting, serverTypes.Replace(text))
	text, s.waiting = strings.Join(s.waiting, ";\n"), nil
	_, err := s.pg.Exec(s.ctx, text)
	return err
}

func (s *serverConn) ahead(query string) error {
	s.waiting = append(s.waiting, query)
	return nil
}

// batch begins with the statements that wait. All of it goes in one round trip.
func (s *serverConn) batch() *pgx.Batch {
	b := &pgx.Batch{}
	for _, query := range s.waiting {
		b.Queue(query)
	}
	s.waiting = nil
	return b
}

// commit ends the transaction, if anything was done in it.
func (s *serverConn) commit() error {
	if len(s.waiting) > 0 && s.waiting[0] == begin {
		return nil
	}
	if s.pg.PgConn().TxStatus() == 'I' {
		return errRolledBack
	}
	s.committing = true
	b := s.batch()
	b.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" { // but ROLLBACK, which is no error
			return errRolledBack
		}
		return nil
	})
	return s.pg.SendBatch(s.ctx, b).Close()
}

func (s *serverConn) rollback() error {
	s.waiting = nil
	if s.pg.IsClosed() || s.pg.PgConn().TxStatus() == 'I' {
		return nil
	}
	_, err := s.exec("ROLLBACK")
	return err
}

// spell is a statement of a verb in the words of the server.
func spell(query string) string {
	query = strings.ReplaceAll(query, "$now", serverNow)
	query = strings.ReplaceAll(query, "/*", "")
	return strings.ReplaceAll(query, "*/", "")
}

// texts makes the texts among args such as the server takes: UTF-8 without NUL.
func texts(args []any) []any {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
		}
	}
	return args
}
