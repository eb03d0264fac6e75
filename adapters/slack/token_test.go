package slack

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
)

// An app can be installed in several workspaces. The bot hears of its own, and of
// channels that others share with it.
func TestServes(t *testing.T) {
	mine := self{User: "U99", Name: "usher", Team: "T1"}
	grid := self{User: "U99", Name: "usher", Team: "T1", Org: "E1"}
	event := func(more string) string { return `{"type":"event_callback","event":{"type":"message"},` + more + `}` }
	tests := []struct {
		name, kind, wire string
		me               self
		want             bool
	}{
		{"a command", ofCommands, `{"team_id":"T1"}`, mine, true},
		{"a command elsewhere", ofCommands, `{"team_id":"T2"}`, mine, false},
		{"a command elsewhere in the organisation", ofCommands, `{"team_id":"T2","enterprise_id":"E1"}`, grid, true},
		{"a command in another organisation", ofCommands, `{"team_id":"T2","enterprise_id":"E2"}`, grid, false},
		{"a command without a workspace", ofCommands, `{}`, mine, true},
		{"an event", ofEvents, event(`"team_id":"T1"`), mine, true},
		{"an event elsewhere", ofEvents, event(`"team_id":"T2","authorizations":[{"team_id":"T2"}]`), mine, false},
		{"an event in a shared channel", ofEvents, event(`"team_id":"T2","authorizations":[{"team_id":"T1"}]`), mine, true},
		{"an event that comes by way of here", ofEvents, event(`"team_id":"T2","context_team_id":"T1"`), mine, true},
		{"an event in the organisation", ofEvents, event(`"team_id":"T2","authorizations":[{"enterprise_id":"E1","team_id":null}]`), grid, true},
		{"an event of another bot's organisation", ofEvents, event(`"team_id":"T2","enterprise_id":null,"authorizations":[{"enterprise_id":null}]`), mine, false},
		{"a press", ofPresses, `{"type":"block_actions","team":{"id":"T2"}}`, mine, true},
		{"whatever, to a bot that knows no workspace", ofCommands, `{"team_id":"T2"}`, self{User: "U99"}, true},
	}
	for _, tt := range tests {
		d, err := parse(tt.kind, []byte(tt.wire))
		if got := tt.me.serves(d); got != tt.want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

// What is not for the bot is acknowledged, and nobody hears of it.
func TestAnotherWorkspace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := through(nil)
		a.self.Store(&self{User: "U99", Name: "usher", Team: "T9"})
		a.intake.Store(&intake{ctx: t.Context(), on: func(core.Event) { t.Error("got an event, want none") }})
		d, err := parse(ofCommands, []byte(`{`+typed+`,"command":"/ping"}`))
		if err != nil {
			t.Fatal(err)
		}
		safe := false
		a.receive(d, func() { safe = true })
		time.Sleep(time.Second)
		if !safe {
			t.Error("got it left to come again")
		}
	})
}
