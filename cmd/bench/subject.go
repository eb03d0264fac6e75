package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// subject is a process that is measured. What it costs is counted there, apart
// from what it costs to play the platforms.
type subject struct {
	kind  string
	url   string
	begun time.Time
	cmd   *exec.Cmd
	ask   io.WriteCloser
	says  *json.Decoder
}

// start starts a subject and returns once it can be called.
func start(ctx context.Context, t task) (*subject, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	told, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encode task: %w", err)
	}
	s := &subject{kind: t.Kind, cmd: exec.CommandContext(ctx, self, childWord, string(told))} //nolint:gosec // it is this program
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", t.Kind, err)
	}
	if s.ask, err = s.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", t.Kind, err)
	}
	s.says, s.begun = json.NewDecoder(out), time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", t.Kind, err)
	}
	var h hello
	if err := s.says.Decode(&h); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", t.Kind, err), s.stop())
	}
	s.url = h.URL
	return s, nil
}

// used asks the subject what it has used.
func (s *subject) used() (usage, error) {
	var u usage
	_, err := io.WriteString(s.ask, "\n")
	if err == nil {
		err = s.says.Decode(&u)
	}
	if err != nil {
		return u, fmt.Errorf("ask %s what it has used: %w", s.kind, err)
	}
	return u, nil
}

// stop ends the subject as it likes to end.
func (s *subject) stop() error {
	err := s.ask.Close()
	if err := errors.Join(err, s.cmd.Wait()); err != nil {
		return fmt.Errorf("stop %s: %w", s.kind, err)
	}
	return nil
}

// kill ends the subject by kill -9.
func (s *subject) kill() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", s.kind, err)
	}
	s.cmd.Wait() //nolint:errcheck // it was killed, and says so
	return nil
}
