package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// magic is how every SQLite database begins (sqlite.org/fileformat2.html, 1.3.1).
const magic = "SQLite format 3\x00"

// overlap is how long Open waits for the file, as when a restart overlaps.
const overlap = time.Second

// InUseError is returned by Open for a file that another process, or another
// Store of this one, has open. A program says so and ends.
type InUseError struct{ Name string }

func (e *InUseError) Error() string {
	return fmt.Sprintf("store %s is in use by another usher; stop that one first or name another file", e.Name)
}

func openFile(ctx context.Context, name string) (*Store, error) {
	path, err := locate(name)
	if err != nil {
		return nil, err
	}
	lock, err := claim(ctx, path)
	if err != nil {
		return nil, err
	}
	s, err := openLocked(ctx, path, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return s, nil
}

func openLocked(ctx context.Context, path string, lock *flock.Flock) (*Store, error) {
	if err := inspect(path); err != nil {
		return nil, err
	}
	s, err := open(ctx, uri(path), lock, func(bool) error { return restrict(path) })
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, explain(err))
	}
	return s, nil
}

func openFileBeside(ctx context.Context, name string, ready func(upToDate bool) error) (*Store, error) {
	path, err := locate(name)
	if err != nil {
		return nil, err
	}
	// Not inspect: a bot in this process would lose its locks by it.
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open store: %w; name the one that usher serve uses", err)
	}
	s, err := open(ctx, uri(path), nil, ready)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, explain(err))
	}
	return s, nil
}

// locate returns the one absolute path of the file that name means, so that two
// names of it make one lock.
func locate(name string) (string, error) {
	if name == "" {
		return "", errors.New("open store: it has no name; name a file")
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("open store %s: %w", name, err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil
	case err != nil:
		return "", fmt.Errorf("open store: %w", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("open store %s: it is not a file; name one, such as %s",
			name, filepath.Join(name, "usher.db"))
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", fmt.Errorf("open store: %w", err)
	}
	return path, nil
}

// claim locks the file beside path that says who uses it. That file stays: to
// remove it would let two processes each lock their own.
func claim(ctx context.Context, path string) (*flock.Flock, error) {
	lock := flock.New(path + ".lock")
	wait, cancel := context.WithTimeout(ctx, overlap)
	defer cancel()
	_, err := lock.TryLockContext(wait, overlap/20)
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, ctx.Err()), lock.Unlock())
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &InUseError{Name: path}
	case err != nil:
		return nil, fmt.Errorf("open store %s: %w; %s", path, err, advice(path))
	}
	return lock, nil
}

// inspect creates the file or sees to it that it is a database. It must not run
// before the file is claimed: closing any descriptor of a file ends all of this
// process's POSIX locks on it (sqlite.org/howtocorrupt.html, 2.2).
func inspect(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open store %s: %w; %s", path, err, advice(path))
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := make([]byte, len(magic))
	_, err = io.ReadFull(f, head)
	switch {
	case errors.Is(err, io.EOF): // empty: a new one
		return f.Chmod(0o600)
	case errors.Is(err, io.ErrUnexpectedEOF), err == nil && string(head) != magic:
		return fmt.Errorf("open store %s: the file is not a database; move it away or name another", path)
	case err != nil:
		return fmt.Errorf("open store %s: %w", path, err)
	}
	return nil
}

func advice(path string) string {
	return fmt.Sprintf("the directory %s must exist, and this user must be able to write there and to the file",
		filepath.Dir(path))
}

// restrict makes the store's files their owner's alone, whatever the umask was
// when they came to be. SQLite makes new ones beside path with path's mode.
func restrict(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		err := os.Chmod(path+suffix, 0o600)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// uri escapes path for SQLite, in whose file names ? and % have a meaning.
func uri(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath()
}

// explain adds to what SQLite says what can be done.
func explain(err error) error {
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w; the file is damaged: restore a backup, or move it away to start afresh", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%w; this user must be able to write the file, those beside it and their directory", err)
	}
	return err
}
