//go:build unix

package sqlstore_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestFilesAreTheirOwnersAlone(t *testing.T) {
	tests := []struct {
		name  string
		umask int
		wide  bool // the files were there, for all to read
	}{
		{"usual umask", 0o022, false},
		{"no umask", 0, false},
		{"strictest umask", 0o777, false},
		{"files that were wide", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "usher.db")
			if tt.wide {
				try(t, open(t, name).Close())
				for _, suffix := range []string{"", ".lock"} {
					try(t, os.Chmod(name+suffix, 0o666))
				}
			}
			defer syscall.Umask(syscall.Umask(tt.umask))
			s := open(t, name)
			try(t, s.PutNote(t.Context(), "key", nil, time.Time{}))
			for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
				info, err := os.Stat(name + suffix)
				try(t, err)
				if got := info.Mode().Perm(); got != 0o600 {
					t.Errorf("usher.db%s: got mode %o, want 600", suffix, got)
				}
			}
		})
	}
}
