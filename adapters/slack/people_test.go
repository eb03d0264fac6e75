package slack

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/coretest/stand"
)

func TestDirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		who := r.says(t, "alice", "#general", "/ping").From
		r.srv.BlockDM("alice")
		if _, err := r.Direct(t.Context(), who, "start"); !isCannotDM(err) || !errors.Is(err, core.ErrForbidden) {
			t.Errorf("blocked: got %v, want *core.CannotDM", err)
		}
		r.srv.UnblockDM("alice")
		chat, err := r.Direct(t.Context(), who, "start")
		again, err2 := r.Direct(t.Context(), who, "")
		if err != nil || err2 != nil || !chat.Direct || chat != again || len(r.srv.Requests("conversations.open")) != 2 {
			t.Errorf("got %v, %v and %v, %v, want the same chat", chat, err, again, err2)
		}
		if ev := r.says(t, "alice", coretest.Direct, "/ping"); ev.Chat.Key() != chat.Key() || !ev.Chat.Direct {
			t.Errorf("got a command in %v, want one in %v", ev.Chat, chat)
		}
		r.srv.CloseMessagesTab()
		if _, err := r.Send(t.Context(), chat, core.Message{Text: "Hello"}); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("without a messages tab: got %v, want core.ErrForbidden", err)
		}
		r.end(t)
	})
}

func isCannotDM(err error) bool {
	_, is := errors.AsType[*core.CannotDM](err)
	return is
}

// Two people can have a direct chat too, and slash commands work there: what is
// private must not be said to both.
func TestDirectChatOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		r.says(t, "alice", coretest.Direct, "/ping")
		d, err := parse(ofCommands, []byte(`{"team_id":"T0000000001","channel_id":"D999","user_id":"`+r.Events()[0].From.ID+`","user_name":"alice","command":"/login","trigger_id":"1.2.x"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.receive(d, func() {})
		time.Sleep(time.Second)
		got := r.Events()
		if len(got) != 2 || got[1].Chat.ID != "D999" || got[1].Chat.Direct {
			t.Errorf("got %+v, want a chat that is not with the bot alone", got[len(got)-1].Chat)
		}
		r.end(t)
	})
}

// Whose name Slack does not tell in time is called by their id, and what they say
// stays in order.
func TestNameless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		r.srv.Break("users.info", stand.Hang())
		began := time.Now()
		for _, text := range []string{"ping one", "ping two", "ping three"} {
			r.srv.Say("alice", coretest.Direct, text)
		}
		time.Sleep(10 * time.Second)
		got := r.Events()
		for i, rest := range []string{"one", "two", "three"} {
			if call, is := got[i].What.(core.Call); !is || call.Rest != rest || got[i].From.Name != got[i].From.ID {
				t.Errorf("got %+v of %q, want %s of nobody known", got[i].What, got[i].From.Name, rest)
			}
		}
		if r.srv.Pending() != 0 || time.Since(began) > 11*time.Second {
			t.Error("the events are not acknowledged")
		}
		time.Sleep(askAgain)
		if ev := r.says(t, "alice", coretest.Direct, "ping"); ev.From.Name != "alice" || ev.From.Locale != "en-US" {
			t.Errorf("a minute later: got %q, want alice", ev.From.Name)
		}
		r.end(t)
	})
}

// Who is known is forgotten some day, but for those who are being asked about.
func TestPeopleAreForgotten(t *testing.T) {
	var p people
	busy := p.of(core.User{ID: "busy"})
	busy.asking = true
	for i := range mostPeople {
		p.meet(core.User{ID: strconv.Itoa(i)}, "D1")
	}
	if len(p.known) > mostPeople || p.of(core.User{ID: "busy"}) != busy {
		t.Errorf("got %d people, want %d at most", len(p.known), mostPeople)
	}
}
