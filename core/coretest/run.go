package coretest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// Run plays the scripts that a file pattern names, each on a stage of its own
// that is built inside a bubble of testing/synctest and cleaned up there by
// t.Cleanup. It is to be as the script wants it: see Script.Chat and, for a chat
// that cannot be ordered, Script.Limit. Scripts are then played twice again, each
// time with a restart before every other line.
func Run(t *testing.T, pattern string, stage func(t *testing.T, s *Script) Stage) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("got no scripts at %s (%v), want some", pattern, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runScript(t, file, string(text), stage)
		})
	}
}

func runScript(t *testing.T, file, text string, stage func(t *testing.T, s *Script) Stage) {
	s, err := Parse(file, text)
	if err != nil {
		t.Fatal(err)
	}
	var on Stage
	t.Run("as written", func(t *testing.T) { on = playIn(t, s, stage) })
	if s.nowhere || t.Failed() {
		return
	}
	for odd, name := range []string{"restarts before even lines", "restarts before odd lines"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			playIn(t, s.restarting(on, odd), stage)
		})
	}
}

func playIn(t *testing.T, s *Script, stage func(t *testing.T, s *Script) Stage) (on Stage) {
	synctest.Test(t, func(t *testing.T) {
		on = stage(t, s)
		if err := s.Play(on); err != nil {
			t.Error(err)
		}
	})
	return on
}
