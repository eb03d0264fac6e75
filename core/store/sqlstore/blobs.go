package sqlstore

import (
	"context"
	"fmt"

	"github.com/usherbot/usher/core/store"
)

// column is where a kind of blobs is. Its statements are made of these words.
type column struct{ table, id, person, sealed string }

func columnOf(in string) (column, error) {
	switch in {
	case store.InLogin:
		return column{"login", "id", "person", "sealed"}, nil
	case store.InOrigin:
		return column{"login", "id", "person", "origin"}, nil
	case store.InAccount:
		return column{"account", "id", "person", "sealed"}, nil
	case store.InNote:
		return column{"note", "key", "''", "value"}, nil
	}
	return column{}, fmt.Errorf("no blobs are in %q", in)
}

// Blobs implements store.Blobs.
func (s *Store) Blobs(ctx context.Context, in, after string, limit int) (all []store.Blob, err error) {
	at, err := columnOf(in)
	if err != nil {
		return nil, err
	}
	scan := func(r row) (b store.Blob, err error) {
		b.In = in
		err = r.Scan(&b.ID, &b.Person, &b.Sealed)
		return b, err
	}
	err = s.look(ctx, func(c *conn) (err error) {
		all, err = list(c, scan, fmt.Sprintf(`SELECT %[2]s, %[3]s, %[4]s FROM %[1]s
			WHERE %[2]s > $1 AND %[4]s IS NOT NULL ORDER BY %[2]s LIMIT $2`,
			at.table, at.id, at.person, at.sealed), after, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list blobs in %s: %w", in, err)
	}
	return all, nil
}

// Reseal implements store.Blobs.
func (s *Store) Reseal(ctx context.Context, b store.Blob, sealed []byte) error {
	at, err := columnOf(b.In)
	if err != nil {
		return err
	}
	return s.update(ctx, "reseal "+b.In+" "+b.ID, fmt.Sprintf(`UPDATE %[1]s SET %[3]s = $3
		WHERE %[2]s = $1 AND %[3]s = $2`, at.table, at.id, at.sealed), b.ID, b.Sealed, blob(sealed))
}
