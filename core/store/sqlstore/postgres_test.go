//go:build unix

package sqlstore

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/usherbot/usher/core/store"
	"github.com/usherbot/usher/core/store/storetest"
	"github.com/usherbot/usher/core/store/storetest/pgtest"
)

// TestPostgres runs the suite on connections that forget everything each time they
// are given back, as behind a pooler, and whose server goes by the clock of Go, so
// that the cases about time can be in a bubble.
func TestPostgres(t *testing.T) {
	server := pgtest.Start(t)
	for _, mode := range []string{"", "&default_query_exec_mode=exec", "&default_query_exec_mode=simple_protocol"} {
		t.Run("mode"+mode, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) (store.Store, func() store.Store) {
				url := server.Database(t)
				pgtest.Exec(t, url, "CREATE SCHEMA clock", `CREATE FUNCTION clock.statement_timestamp()
					RETURNS timestamptz STABLE LANGUAGE sql AS
					$$ SELECT to_timestamp(current_setting('clock.now')::bigint / 1000.0) $$`)
				s := openForgetful(t, url+mode)
				return s, func() store.Store {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					return openForgetful(t, url+mode)
				}
			})
		})
	}
}

func openForgetful(t *testing.T, url string) *Store {
	t.Helper()
	config, err := parseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["search_path"] = "public, clock, pg_catalog"
	config.PrepareConn = func(ctx context.Context, c *pgx.Conn) (bool, error) {
		_, err := c.Exec(ctx, "SELECT set_config('clock.now', $1, false)", fmt.Sprint(time.Now().UnixMilli()))
		return err == nil, err
	}
	config.AfterRelease = func(c *pgx.Conn) bool {
		_, err := c.Exec(context.Background(), "DISCARD ALL")
		return err == nil
	}
	s, err := connect(t.Context(), config, func(bool) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
