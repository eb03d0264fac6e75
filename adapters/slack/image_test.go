package slack

import (
	"errors"
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

// What nobody could share with who is to see it is said in words, and uploaded
// nowhere: what one person alone sees, also after a press on it.
func TestPrivateImageInWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, newSlack(t), nil, nil)
		ev := r.says(t, "alice", "#general", "/ping")
		m := withImage("A cat")
		m.Private = true
		adaptertest.Reply(t, ev, m)
		if got := adaptertest.Last(r.srv, "alice", "#general"); got.String() != "A cat [Go]" || !got.Private {
			t.Errorf("got %q, want the words", got)
		}
		ev = r.presses(t, "alice", "#general", "Go")
		if err := ev.Back.Update(t.Context(), withImage("A dog")); err != nil {
			t.Error(err)
		}
		if got := adaptertest.Last(r.srv, "alice", "#general"); got.String() != "A dog [Go]" || !got.Private {
			t.Errorf("got %q, want the words", got)
		}
		if got := r.srv.Requests("files.getUploadURLExternal"); len(got) > 0 || strings.Contains(r.Log.String(), "WARN") {
			t.Errorf("got %d uploads and the log %s, want none", len(got), r.Log)
		}
		r.end(t)
	})
}

// Nobody would see a file that an edit brings: the message goes, for a new one.
func TestImageTakesANewMessage(t *testing.T) {
	tests := []struct {
		name   string
		faults []stand.Fault
		want   error
		sees   string
	}{
		{"good", nil, core.ErrGone, ""},
		{"gone already", []stand.Fault{slacktest.Refuse("message_not_found")}, core.ErrGone, "Pick [Go]"},
		{"not to be deleted", []stand.Fault{slacktest.Refuse("compliance_exports_prevent_deletion")}, errAny, "Pick [Go]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, newSlack(t), nil, nil)
				chat := r.says(t, "alice", "#general", "/ping").Chat
				send(t, r, chat, core.Message{Text: "Pick", Rows: withButton("Go").Rows})
				ev := r.presses(t, "alice", "#general", "Go")
				r.srv.Break("chat.delete", tt.faults...)
				err := ev.Back.Update(t.Context(), withImage("A cat"))
				if err == nil || tt.want != errAny && !errors.Is(err, tt.want) || tt.want == errAny && errors.Is(err, core.ErrGone) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				sees := ""
				if all := r.srv.Sees("bob", "#general"); len(all) > 0 {
					sees = all[len(all)-1].String()
				}
				if sees != tt.sees || r.srv.Files() != 0 {
					t.Errorf("got %q and %d files, want %q and none", sees, r.srv.Files(), tt.sees)
				}
				r.end(t)
			})
		})
	}
}

var errAny = errors.New("any but those that are told apart")
