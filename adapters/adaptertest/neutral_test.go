package adaptertest_test

import (
	"testing"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// TestNeutral: the neutral chat passes the suite, whatever it can.
func TestNeutral(t *testing.T) {
	tests := []struct {
		name    string
		options coretest.Options
	}{
		{"rich", coretest.Options{}},
		{"private for no time", coretest.Options{Caps: privateFor(0)}},
		{"plain", coretest.Options{DM: coretest.LinkOnly, Caps: core.Caps{
			Platform: "plain", Title: "Plain", Alert: 200, Copies: true, Replies: true,
			Limits: core.Limits{Text: 4096, Label: 64, Row: 3, Rows: 10, Copy: 256},
		}}},
		{"poor", coretest.Options{DM: coretest.Impossible, Caps: core.Caps{
			Platform: "poor", Title: "Poor", Limits: core.Limits{Text: 2000, Label: 40, Row: 1},
		}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			adaptertest.Run(t, func(*testing.T) adaptertest.Stage { return neutral(coretest.New(tt.options)) })
		})
	}
}

func neutral(chat *coretest.Chat) adaptertest.Stage {
	return adaptertest.Stage{
		Adapter: func() core.Adapter { return chat }, World: chat,
		Repeat: chat.Repeat, Slow: func(d time.Duration) { chat.Slow("#general", d) }, Cut: chat.Hangup, Remove: chat.Remove, Redelivers: true,
		Post: func(string, string) {}, // nobody hears bots here
	}
}

func privateFor(d time.Duration) core.Caps {
	caps := coretest.Rich()
	caps.PrivateEdit = d
	return caps
}
