package core

import (
	"context"
	"errors"
	"sync/atomic"
)

// Stats are what this process has done since New, in plain numbers. What was said,
// by whom and where, is not in them.
type Stats struct {
	Platforms map[string]PlatformStats // by Caps.Platform: those that are connected
}

// PlatformStats are the numbers of one platform.
type PlatformStats struct {
	Ready    bool   // as Bot.Ready has it
	Commands uint64 // commands that were run; one that goes on after a login counts once more
	Failed   uint64 // of these, those that ended in an error which is in the log: more than a sentence for a person
	Presses  uint64 // controls that were pressed, and forms that were sent, which stood for an action
}

// Stats returns the numbers as they are now. It may be called at any time after
// Connect.
func (b *Bot) Stats() Stats {
	s, open := Stats{Platforms: map[string]PlatformStats{}}, b.lanes.isOpen()
	for name, p := range b.ports {
		failed := p.tally.failed.Load() // before those that it is among
		s.Platforms[name] = PlatformStats{
			Ready: open && p.ready(), Commands: p.tally.commands.Load(), Failed: failed, Presses: p.tally.presses.Load(),
		}
	}
	return s
}

// tally counts for PlatformStats.
type tally struct{ commands, failed, presses atomic.Uint64 }

// counted runs the command of in and counts it. A panic is an error like any other.
func (b *Bot) counted(ctx context.Context, in *Invocation) error {
	err := calmly(func() error { return in.node.handler(ctx, in) })
	in.port.tally.commands.Add(1)
	if b.broken(err) {
		in.port.tally.failed.Add(1)
	}
	return err
}

// broken reports whether err is more than something to tell a person.
func (b *Bot) broken(err error) bool {
	if err == nil {
		return false
	}
	_, why := b.sentence(err, "")
	_, elsewhere := errors.AsType[*CannotDM](err)
	return why != nil && !elsewhere
}
