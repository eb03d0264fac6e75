package slack

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest/stand"
)

// withImage is a message with an image that is needed for an hour.
func withImage(alt string) core.Message {
	return core.Message{Image: &core.Image{
		Data: []byte("\x89PNG\r\n\x1a\nmarker"), Alt: alt, Until: time.Now().Add(time.Hour),
	}, Rows: withButton("Go").Rows}
}

// What is in the way of an image is not in the way of its message, which says in
// words what is on it.
func TestImageInWords(t *testing.T) {
	unready := slacktest.Refuse("invalid_blocks")
	tests := []struct {
		name   string
		change func(srv *slacktest.Server)
		logged string
		posts  int // of the message
	}{
		{"no scope", func(srv *slacktest.Server) { srv.Ungrant("files:write") }, "missing_scope, the app needs files:write", 1},
		{"no room", breaks("files.completeUploadExternal", slacktest.Refuse("storage_limit_reached")), "storage_limit_reached", 1},
		{"too many", breaks("files.getUploadURLExternal", slacktest.TooMany(time.Minute)), "ratelimited", 1},
		{"no upload", breaks(slacktest.UploadURL, stand.HTML(502)), "upload_url: HTTP status 502", 1},
		{"an upload that nobody knows of", breaks("files.completeUploadExternal", stand.DropAfter()), "files.completeUploadExternal", 1},
		{"no answer", breaks(slacktest.UploadURL, stand.Hang()), "no answer in time", 1},
		{"unwanted", breaks("chat.postMessage", slacktest.Refuse("some_new_code")), "some_new_code", 2},
		{"never ready", breaks("chat.postMessage", unready, unready, unready, unready), "invalid_blocks", 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, nil)
				chat := r.says(t, "alice", "#general", "/ping").Chat
				tt.change(r.srv)
				begun := time.Now()
				send(t, r, chat, withImage("A cat"))
				if got := adaptertest.Last(r.srv, "bob", "#general").String(); got != "A cat [Go]" {
					t.Errorf("got %q, want the words", got)
				}
				if took := time.Since(begun); took > 6*time.Second {
					t.Errorf("got the message after %v", took)
				}
				if got := len(r.srv.Requests("chat.postMessage")); got != tt.posts {
					t.Errorf("got %d posts, want %d", got, tt.posts)
				}
				tt.change(r.srv)
				send(t, r, chat, withImage("A dog"))
				if got := strings.Count(r.Log.String(), "level=WARN"); got != 1 || !strings.Contains(r.Log.String(), tt.logged) {
					t.Errorf("got the log %s, want one warning of %q", r.Log, tt.logged)
				}
				if !strings.Contains(r.Log.String(), "files:write") {
					t.Errorf("got the log %s, want it to name the scope", r.Log)
				}
				time.Sleep(time.Second)
				if got := r.srv.Files(); got != 0 {
					t.Errorf("got %d files, want none", got)
				}
				r.end(t)
			})
		})
	}
}

func breaks(method string, faults ...stand.Fault) func(*slacktest.Server) {
	return func(srv *slacktest.Server) { srv.Break(method, faults...) }
}

func send(t *testing.T, r *running, to core.Chat, m core.Message) core.Ref {
	t.Helper()
	ref, err := r.Send(t.Context(), to, m)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	return ref
}

// An image that is on its way when Run ends does not hold that up, and is not left
// behind.
func TestUploadAtTheEnd(t *testing.T) {
	silent := func(_ http.ResponseWriter, r *http.Request, do http.HandlerFunc) {
		do(httptest.NewRecorder(), r)
		<-r.Context().Done()
	}
	tests := []struct {
		name   string
		method string
		faults []stand.Fault
	}{
		{"is uploaded", slacktest.UploadURL, []stand.Fault{stand.Hang()}},
		{"is completed", "files.completeUploadExternal", []stand.Fault{silent}},
		{"is looked over", "chat.postMessage", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, nil)
				chat := r.says(t, "alice", "#general", "/ping").Chat
				r.srv.Break(tt.method, tt.faults...)
				sent := make(chan error, 1)
				go func() {
					_, err := r.Send(t.Context(), chat, withImage("A cat"))
					sent <- err
				}()
				synctest.Wait()
				begun := time.Now()
				r.end(t)
				if err := <-sent; err != nil {
					t.Error(err)
				}
				if took := time.Since(begun); took > 0 {
					t.Errorf("got the message %v after the end, want it at once", took)
				}
				if got := adaptertest.Last(r.srv, "bob", "#general").String(); got != "A cat [Go]" || r.srv.Files() != 0 {
					t.Errorf("got %q and %d files, want words", got, r.srv.Files())
				}
				if strings.Contains(r.Log.String(), "WARN") {
					t.Errorf("got the log %s, want no warning", r.Log)
				}
			})
		})
	}
}

// A hook is good for five posts, of which one is kept for a message in words.
func TestImageThroughHook(t *testing.T) {
	unready := stand.Custom(404, "application/json", `{"ok":false,"error":"invalid_blocks"}`)
	tests := []struct {
		name   string
		before int // answers through the same hook
		faults []stand.Fault
		want   string
		posts  int
	}{
		{"good", 0, nil, "[picture] [Go]", 1},
		{"not ready at first", 0, []stand.Fault{unready}, "[picture] [Go]", 2},
		{"never ready", 0, []stand.Fault{unready, unready}, "A cat [Go]", 3},
		{"the last but one", 3, []stand.Fault{unready}, "A cat [Go]", 5},
		{"the last", 4, nil, "A cat [Go]", 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, nil)
				ev := r.says(t, "alice", "#general", "/ping")
				adaptertest.Reply(t, ev, core.Message{Text: "For you", Private: true, Rows: withButton("Go").Rows})
				ev = r.presses(t, "alice", "#general", "Go")
				for range tt.before {
					if err := ev.Back.Update(t.Context(), core.Message{Text: "Wait"}); err != nil {
						t.Error(err)
					}
				}
				r.srv.Break(slacktest.ResponseURL, tt.faults...)
				if err := ev.Back.Update(t.Context(), withImage("A cat")); err != nil {
					t.Error(err)
				}
				if got := adaptertest.Last(r.srv, "alice", "#general"); got.String() != tt.want || !got.Private {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if got := len(r.srv.Requests(slacktest.ResponseURL)); got != tt.posts {
					t.Errorf("got %d posts, want %d", got, tt.posts)
				}
				ev = r.presses(t, "alice", "#general", "Go")
				if err := ev.Back.Update(t.Context(), core.Message{Text: "Over"}); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Second)
				if got := r.srv.Files(); got != 0 {
					t.Errorf("got %d files, want none", got)
				}
				r.end(t)
			})
		})
	}
}
