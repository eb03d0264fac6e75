package coretest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// Run plays the scripts that a file pattern names, each on a stage of its own
// that is built inside a bubble of testing/synctest and cleaned up there by
// t.Cleanup. A stage that cannot be as the script wants skips. Scripts are then
// played again with a restart before each of their lines but the first.
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
		t.Run(name, func(t *testing.T) { runScript(t, file, string(text), stage) })
	}
}

func runScript(t *testing.T, file, text string, stage func(t *testing.T, s *Script) Stage) {
	s, err := Parse(file, text)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("as written", func(t *testing.T) { playIn(t, s, stage) })
	if s.nowhere || t.Failed() {
		return
	}
	for i := 1; i < len(s.lines); i++ {
		t.Run(fmt.Sprintf("restart before line %d", s.lines[i].number), func(t *testing.T) {
			t.Parallel()
			playIn(t, s.restartBefore(i), stage)
		})
	}
}

func playIn(t *testing.T, s *Script, stage func(t *testing.T, s *Script) Stage) {
	synctest.Test(t, func(t *testing.T) {
		if err := s.Play(stage(t, s)); err != nil {
			t.Error(err)
		}
	})
}
