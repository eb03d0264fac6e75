package adaptertest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// Stage is a platform in memory and a bot's place on it. In the World, all are in
// #general, and "@usher" is the bot.
type Stage struct {
	Adapter func() core.Adapter // a new one for the same bot; one runs at a time
	World   coretest.World

	// What can happen on the platform. What is nil cannot, and its cases are left
	// out.

	Repeat func()                        // delivers what happened last once more
	Slow   func(d time.Duration)         // refuses what the bot writes next, in #general: it is to wait for d
	Cut    func()                        // breaks all connections; new ones may be made at once
	Remove func(where string)            // somebody removes the bot's newest message there
	Post   func(where, text string)      // a bot says something, this one or another
	Reword func(who, where, text string) // somebody changes what they said last
	Busy   func() bool                   // something is shown to its person as not answered yet

	Thread     string // a place that is part of a channel; empty: there are none
	Redelivers bool   // what was not safe is delivered again to the next adapter
	Lasting    bool   // a message with a picture keeps one until it is deleted
	Shared     bool   // a picture takes a new message, which all in its place see
	Deaf       bool   // what people say reaches no bot: commands and presses do
}

// suite is the suite, in the order in which one would make an adapter pass it.
var suite = []struct {
	name  string
	needs func(Stage) bool // nil: nothing
	play  func(*scene)
}{
	{"ready while it runs, and ends at once", nil, endsAtOnce},
	{"ends at once while something is not safe", nil, endsUnsafe},
	{"publish", nil, publishes},
	{"command in and reply out", nil, command},
	{"mention", nil, mention},
	{"talk", func(s Stage) bool { return !s.Deaf }, talk},
	{"what one person says stays in order", nil, inOrder},
	{"every delivery has its key", nil, keys},
	{"a repeat has the same key", func(s Stage) bool { return s.Repeat != nil }, repeat},
	{"bots are not heard", func(s Stage) bool { return s.Post != nil }, bots},
	{"a changed message is no command", func(s Stage) bool { return s.Reword != nil }, reworded},
	{"thread", func(s Stage) bool { return s.Thread != "" }, thread},
	{"cut", func(s Stage) bool { return s.Cut != nil }, cut},
	{"what was not safe comes again", func(s Stage) bool { return s.Redelivers }, redelivered},

	{"hostile text out", nil, hostileOut},
	{"hostile text in", nil, hostileIn},
	{"markup", nil, markups},
	{"controls", nil, controls},
	{"embeds", nil, embeds},
	{"images", pictures, images},
	{"private images", pictures, privateImages},
	{"edit", nil, edit},
	{"edit after a restart", nil, editLater},
	{"delete", nil, remove},
	{"gone", func(s Stage) bool { return s.Remove != nil }, gone},
	{"many at once", nil, together},
	{"slow down", func(s Stage) bool { return s.Slow != nil }, slowDown},
	{"one slow chat", func(s Stage) bool { return s.Slow != nil }, slowChat},
	{"limits", nil, limits},
	{"limits of forms", nil, formLimits},

	{"private stays private", nil, private},
	{"private for a while", nil, privateWhile},
	{"alert", nil, alert},
	{"press and update", nil, update},
	{"tokens", nil, tokens},
	{"slow handler", nil, slowHandler},
	{"nothing to say", nil, unanswered},
	{"select", nil, choose},
	{"form", nil, form},
	{"reply box", nil, replyBox},
	{"direct", nil, direct},
}

func pictures(s Stage) bool { return s.Adapter().Caps().Images }

// Run tests an adapter. Each case gets a stage of its own, which is opened in the
// bubble that the case is played in.
func Run(t *testing.T, open func(t *testing.T) Stage) {
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stage := open(t)
				if c.needs == nil || c.needs(stage) {
					c.play(&scene{T: t, Stage: stage})
				}
			})
		})
	}
}
