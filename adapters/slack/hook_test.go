package slack

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest/stand"
	"github.com/usherbot/usher/core/reach"
	"github.com/usherbot/usher/core/seal"
)

// What comes of a post to a response_url.
func TestHookErrors(t *testing.T) {
	tests := []struct {
		name   string
		faults []stand.Fault
		is     error // nil: it is sent
		posts  int
	}{
		{"taken", nil, nil, 1},
		{"used up", []stand.Fault{stand.Custom(404, "application/json", `{"ok":false,"error":"used_url"}`)}, core.ErrForbidden, 1},
		{"expired, said in another way", []stand.Fault{stand.Custom(200, "application/json", `{"ok":false,"error":"expired_url"}`)}, core.ErrForbidden, 1},
		{"used up, in text", []stand.Fault{stand.Custom(404, "text/plain", "no_service")}, core.ErrForbidden, 1},
		{"an outage", []stand.Fault{stand.HTML(503), stand.Drop()}, nil, 3},
		{"too many", []stand.Fault{slacktest.TooMany(3 * time.Second)}, nil, 2 + 2*hookUses},
		{"no answer", []stand.Fault{stand.Hang()}, reach.ErrTimeout, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, nil)
				r.says(t, "alice", "#general", "/ping")
				r.srv.Kick("#general")
				ev := r.says(t, "alice", "#general", "/ping")
				r.srv.Break(slacktest.ResponseURL, tt.faults...)
				_, err := ev.Back.Reply(t.Context(), core.Message{Text: "Pong!"})
				if slow, ok := errors.AsType[*core.Slow](err); ok { // which uses nothing up
					for range 2 * hookUses {
						r.srv.Break(slacktest.ResponseURL, tt.faults...)
						if _, err := ev.Back.Reply(t.Context(), core.Message{Text: "Pong!"}); !errors.As(err, &slow) {
							t.Fatalf("got %v, want *core.Slow", err)
						}
					}
					time.Sleep(slow.After)
					_, err = ev.Back.Reply(t.Context(), core.Message{Text: "Pong!"})
				}
				if !errors.Is(err, tt.is) || (err == nil) != (tt.is == nil) {
					t.Errorf("got %v, want %v", err, tt.is)
				}
				if got := len(r.srv.Requests(slacktest.ResponseURL)); got != tt.posts {
					t.Errorf("got %d posts, want %d", got, tt.posts)
				}
				if strings.Contains(fmt.Sprintf("%+v", err), "hooks") {
					t.Errorf("the address is in %v", err)
				}
				r.end(t)
			})
		})
	}
}

func TestGoodHooks(t *testing.T) {
	for address, want := range map[seal.Secret]bool{
		"https://hooks.slack.com/commands/1": true, "http://127.0.0.1:8080/x": true, "http://localhost/x": true,
		"http://hooks.example/x": false, "": false, "/x": false, "file:///etc/passwd": false, "%": false,
	} {
		if got := newHook(address, noon).good(noon); got != want {
			t.Errorf("%s: got %v, want %v", address.Reveal(), got, want)
		}
	}
}
