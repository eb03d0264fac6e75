package slack

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest/stand"
)

// A file is there as long as somebody needs it.
func TestFilesEnd(t *testing.T) {
	over := core.Message{Text: "Over"}
	refused := slacktest.Refuse("edit_window_closed")
	tests := []struct {
		name   string
		faults map[string][]stand.Fault
		after  time.Duration
		edit   *core.Message // nil: none
		want   string        // that is wrong with the edit
		left   int
		logged bool // that it is left behind
	}{
		{"in time", nil, 59 * time.Minute, nil, "", 1, false},
		{"in the end", nil, time.Hour, nil, "", 0, false},
		{"edited", nil, 0, &over, "", 0, false},
		{"edited, with another image", nil, 0, new(withImage("A dog")), "a new message", 0, false},
		{"not to be edited", map[string][]stand.Fault{"chat.update": {refused}}, 0, &over, "edit_window_closed", 0, false},
		{"not edited", map[string][]stand.Fault{"chat.update": {slacktest.Refuse("msg_too_long")}}, 0, &over, "msg_too_long", 1, false},
		{"at the second try", map[string][]stand.Fault{"files.delete": {stand.HTML(503)}}, time.Hour + 2*time.Second, nil, "", 0, false},
		{"after a pause", map[string][]stand.Fault{"files.delete": {slacktest.TooMany(time.Minute)}}, time.Hour + 50*time.Second, nil, "", 1, false},
		{"when the pause is over", map[string][]stand.Fault{"files.delete": {slacktest.TooMany(time.Minute)}}, time.Hour + 2*time.Minute, nil, "", 0, false},
		{"gone already", map[string][]stand.Fault{"files.delete": {slacktest.Refuse("file_deleted")}}, 2 * time.Hour, nil, "", 1, false},
		{"not to be deleted", map[string][]stand.Fault{"files.delete": {slacktest.Refuse("cant_delete_file")}}, 2 * time.Hour, nil, "", 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, nil)
				chat := r.says(t, "alice", "#general", "/ping").Chat
				ref := send(t, r, chat, withImage("A cat"))
				for method, faults := range tt.faults {
					r.srv.Break(method, faults...)
				}
				if tt.edit != nil {
					err := r.Edit(t.Context(), ref, *tt.edit)
					if (err == nil) != (tt.want == "") || !strings.Contains(fmt.Sprint(err), tt.want) {
						t.Errorf("got %v, want %q", err, tt.want)
					}
				}
				time.Sleep(tt.after + time.Second)
				if got := r.srv.Files(); got != tt.left {
					t.Errorf("got %d files, want %d", got, tt.left)
				}
				if got := strings.Contains(r.Log.String(), "left behind"); got != tt.logged {
					t.Errorf("got the log %s, want that something is left behind: %v", r.Log, tt.logged)
				}
				r.end(t)
			})
		})
	}
}

func TestFileOfDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		chat := r.says(t, "alice", "#general", "/ping").Chat
		ref, other := send(t, r, chat, withImage("A cat")), send(t, r, chat, withImage("A dog"))
		for range 2 { // of which the second finds nothing
			if err := r.Delete(t.Context(), ref); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
			if got := r.srv.Files(); got != 1 {
				t.Errorf("got %d files, want that of the other message", got)
			}
		}
		r.srv.Remove("#general")
		if err := r.Edit(t.Context(), other, core.Message{Text: "Over"}); !errors.Is(err, core.ErrGone) {
			t.Errorf("got %v, want %v", err, core.ErrGone)
		}
		time.Sleep(time.Second)
		if got := r.srv.Files(); got != 0 {
			t.Errorf("got %d files, want none", got)
		}
		r.end(t)
	})
}

// What Run leaves is nothing, unless Slack does not let it, or it lasts for ever.
func TestFilesAtTheEnd(t *testing.T) {
	tests := []struct {
		name   string
		faults []stand.Fault
		left   int
		logged int
	}{
		{"good", nil, 0, 0},
		{"refused", []stand.Fault{slacktest.Refuse("cant_delete_file")}, 1, 1},
		{"without answer", []stand.Fault{stand.Hang(), stand.Hang()}, 2, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, nil)
				chat := r.says(t, "alice", "#general", "/ping").Chat
				for range 2 {
					send(t, r, chat, withImage("A cat"))
				}
				lasting := withImage("A dog")
				lasting.Image.Until = time.Time{}
				ref := send(t, r, chat, lasting)
				r.srv.Break("files.delete", tt.faults...)
				begun := time.Now()
				r.end(t)
				if took := time.Since(begun); took > leaveWithin {
					t.Errorf("got an end after %v, want it within %v", took, leaveWithin)
				}
				if got := r.srv.Files(); got != tt.left+1 {
					t.Errorf("got %d files, want %d", got, tt.left+1)
				}
				if got := strings.Count(r.Log.String(), "WARN"); got != tt.logged {
					t.Errorf("got the log %s, want %d warnings", r.Log, tt.logged)
				}
				send(t, r, ref.Chat, withImage("A bird"))
				if got := adaptertest.Last(r.srv, "bob", "#general").String(); got != "A bird [Go]" || r.srv.Files() != tt.left+1 {
					t.Errorf("got %q and %d files after the end, want words", got, r.srv.Files())
				}
			})
		})
	}
}
