//go:build unix

package sqlstore_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

func TestOpenRefusesWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t) // root may do everything
		return
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "usher.db")
	try(t, os.WriteFile(name, nil, 0o400))
	refuse(t, name, "usher.db", "must be able to write")
	try(t, os.Remove(name+".lock"))
	try(t, os.Chmod(dir, 0o500))
	defer func() { try(t, os.Chmod(dir, 0o700)) }()
	refuse(t, name, "usher.db", "must be able to write")
}

// asNobody runs the test that it is called from once more, as the user nobody.
func asNobody(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "nobody-")
	try(t, err)
	t.Cleanup(func() { try(t, os.RemoveAll(dir)) })
	try(t, os.Chmod(dir, 0o777))
	self, err := os.Executable()
	try(t, err)
	binary, err := os.ReadFile(self)
	try(t, err)
	name := filepath.Join(dir, "test")
	try(t, os.WriteFile(name, binary, 0o700))
	try(t, os.Chmod(name, 0o755))
	cmd := exec.CommandContext(t.Context(), name, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Dir, cmd.Env = dir, []string{"TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
