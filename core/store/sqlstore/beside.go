package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// OpenBeside opens a store that is there already, also while a bot runs on it: both
// wait for each other's writes, for five seconds at most. It takes no lock, so the
// owners of logins and the rest of what a running process owns are not its to
// change. It makes no file and no tables.
func OpenBeside(ctx context.Context, name string) (*Store, error) {
	path, err := locate(name)
	if err != nil {
		return nil, err
	}
	// Not inspect: a bot in this process would lose its locks by it.
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open store: %w; name the one that usher serve uses", err)
	}
	s, err := open(ctx, uri(path), nil, func(upToDate bool) error {
		if !upToDate {
			return errors.New("its tables are not those of this version; start usher serve first, which makes them so")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, explain(err))
	}
	return s, nil
}
