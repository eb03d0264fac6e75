package telegram

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// pictured is a message as Fit makes it for Telegram, with what its image shows.
func pictured(text markup.Text) core.Message {
	return core.Message{
		Text: text, Image: &core.Image{Data: emptyPicture(), Alt: "A QR code"},
		Rows: [][]core.Control{{adaptertest.Pressable("Go", core.Plain, "tok")}},
	}
}

// TestGoldenPhotos shows what Telegram gets of messages with an image, but for that.
func TestGoldenPhotos(t *testing.T) {
	messages := map[string]core.Message{
		"photo":        pictured("*Sign in*\nA QR code"),
		"photo-silent": {Image: &core.Image{}, Text: markup.Plain(" \n")},
	}
	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			out := map[string]any{}
			for _, of := range []func(core.Message) (string, params, []file){sending, editing} {
				method, p, files := of(m)
				for _, f := range files {
					p[f.Name] += " and a file"
				}
				out[method] = readable(p)
			}
			adaptertest.Golden(t, "render/"+name, out)
		})
	}
}

// shown runs do with a Telegram and an adapter on it that alice has spoken to in
// #general, which is where chat is.
func shown(t *testing.T, do func(t *testing.T, r *running, chat core.Chat)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		r := start(t, srv, nil, nil)
		srv.Say("alice", "#general", "/ping")
		time.Sleep(time.Second)
		do(t, r, r.Events()[0].Chat)
		r.end(t)
	})
}

// sees wants alice to see this newest in #general.
func (r *running) sees(t *testing.T, want string) {
	t.Helper()
	if got := adaptertest.Last(r.srv, "alice", "#general").String(); got != want {
		t.Errorf("alice sees %q, want %q", got, want)
	}
}

func (r *running) sends(t *testing.T, chat core.Chat, m core.Message) core.Ref {
	t.Helper()
	ref, err := r.Send(t.Context(), chat, m)
	if err != nil {
		t.Fatalf("send: got %v, want nil", err)
	}
	return ref
}

// A photo goes where a text would, and the text says what it shows.
func TestPhotoInATopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := telegramtest.New(t, telegramtest.Options{})
		srv.Topic("#general/help")
		r := start(t, srv, nil, nil)
		srv.Say("alice", "#general/help", "/ping")
		time.Sleep(time.Second)
		adaptertest.Reply(t, r.Events()[0], core.Fit(pictured("Look"), r.Caps(), r.Size)[0])
		got := srv.Requests("sendPhoto")
		if len(got) != 1 || !got[0].Params.Has("reply_parameters") || !got[0].Params.Has("message_thread_id") {
			t.Errorf("got %v, want a photo in reply, in the topic", got)
		}
		if seen := adaptertest.Last(srv, "alice", "#general/help").String(); seen != "Look A QR code [picture] [Go]" {
			t.Errorf("alice sees %q, want the photo, and what it shows", seen)
		}
		r.end(t)
	})
}

// What is too long for a caption stands before the photo.
func TestLongCaption(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // after it
	}{
		{strings.Repeat("é", maxCaption), " [picture]"},
		{strings.Repeat("😀", maxCaption/2), " [picture]"},
		{strings.Repeat("é", maxCaption+1), "\n[picture]"},
	} {
		shown(t, func(t *testing.T, r *running, chat core.Chat) {
			m := core.Message{Text: markup.Plain(tt.text), Image: &core.Image{Data: emptyPicture()}}
			for _, part := range core.Fit(m, r.Caps(), r.Size) {
				r.sends(t, chat, part)
			}
			var got []string
			for _, seen := range r.srv.Sees("alice", "#general") {
				got = append(got, seen.String())
			}
			if after, is := strings.CutPrefix(strings.Join(got, "\n"), tt.text); !is || after != tt.want {
				t.Errorf("%.5s…: got %.10q and %q after it, want %q", tt.text, got, after, tt.want)
			}
		})
	}
}

// Where photos may not be sent, or not this one, the words for it are.
func TestWithoutThePhoto(t *testing.T) {
	huge := bytes.Repeat([]byte{0}, maxPhoto+1)
	tests := []struct {
		name  string
		text  markup.Text
		data  []byte
		bar   bool // nobody may send photos
		want  string
		tries int // with the photo, of a message and an edit of another
		lines int // in the log
	}{
		{"not allowed there", "Look: a QR code", emptyPicture(), true, "Look: a QR code [Go]", 2, 1},
		{"not allowed there, and alone", "", emptyPicture(), true, "A QR code [Go]", 2, 1},
		{"no photo at all", "Look", []byte("GIF"), false, "Look [Go]", 2, 1},
		{"too large", "Look", huge, false, "Look [Go]", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shown(t, func(t *testing.T, r *running, chat core.Chat) {
				if tt.bar {
					r.srv.NoPhotos("#general")
				}
				m := pictured(tt.text)
				m.Image.Data = tt.data
				r.sends(t, chat, m)
				r.sees(t, tt.want)
				ref := r.sends(t, chat, core.Message{Text: "Before"})
				if err := r.Edit(t.Context(), ref, m); err != nil {
					t.Errorf("edit: got %v, want nil", err)
				}
				r.sees(t, tt.want)
				if got := len(r.srv.Requests("sendPhoto", "editMessageMedia")); got != tt.tries {
					t.Errorf("got %d tries with the photo, want %d", got, tt.tries)
				}
				if got := strings.Count(r.Log.String(), "level=WARN"); got != tt.lines {
					t.Errorf("got %d warnings, want %d: %s", got, tt.lines, r.Log)
				}
			})
		})
	}
}

// That a message is gone, or that nobody can be written to, is no matter of photos.
func TestPhotoToNobody(t *testing.T) {
	shown(t, func(t *testing.T, r *running, chat core.Chat) {
		ref := r.sends(t, chat, core.Message{Text: "Before"})
		r.srv.Remove("#general")
		if err := r.Edit(t.Context(), ref, pictured("Look")); !errors.Is(err, core.ErrGone) {
			t.Errorf("got %v, want core.ErrGone", err)
		}
		r.srv.Kick("#general")
		if _, err := r.Send(t.Context(), chat, pictured("Look")); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("got %v, want core.ErrForbidden", err)
		}
		if got := r.Log.String(); strings.Contains(got, "level=WARN") {
			t.Errorf("got %s, want no warning", got)
		}
	})
}

// A photo that is to be none is deleted. One that cannot be becomes an empty one that
// says the text, as far as it can.
func TestPhotoToText(t *testing.T) {
	shown(t, func(t *testing.T, r *running, chat core.Chat) {
		edit := func(ref core.Ref, m core.Message, want error) {
			t.Helper()
			if err := r.Edit(t.Context(), ref, m); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		over := core.Message{Text: "Over"}
		r.sends(t, chat, core.Message{Text: "First"})
		ref := r.sends(t, chat, pictured("Look"))
		edit(ref, over, core.ErrGone)
		r.sees(t, "First")
		edit(ref, over, core.ErrGone)

		ref = r.sends(t, chat, pictured("Look"))
		slow := &core.Slow{}
		r.srv.Break("deleteMessage", telegramtest.TooMany(3*time.Second))
		if err := r.Edit(t.Context(), ref, over); !errors.As(err, &slow) {
			t.Errorf("got %v, want *core.Slow", err)
		}
		r.sees(t, "Look [picture] [Go]")
		r.srv.NoPhotos("#general")
		edit(ref, pictured("Look again"), core.ErrGone)
		r.sees(t, "First")
	})
	shown(t, func(t *testing.T, r *running, chat core.Chat) {
		m := pictured("Look")
		m.Image = &core.Image{Data: largerPicture(t)}
		ref := r.sends(t, chat, m)
		time.Sleep(48 * time.Hour)
		long := markup.Plain(strings.Repeat("x", maxCaption+1))
		if err := r.Edit(t.Context(), ref, core.Message{Text: long}); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		got := adaptertest.Last(r.srv, "alice", "#general")
		if len(got.Controls) != 1 || !bytes.Equal(got.Controls[0].Data, emptyPicture()) || got.Text != strings.Repeat("x", maxCaption-1)+"…" {
			t.Errorf("alice sees %.20q, want an empty picture and no button", got)
		}
	})
}

// largerPicture is another one than the empty one.
func largerPicture(t *testing.T) []byte {
	t.Helper()
	return append(emptyPicture(), "more"...) // what follows its end is no part of a PNG
}

// A press is answered also when what was pressed has to go.
func TestPressOnAPhoto(t *testing.T) {
	shown(t, func(t *testing.T, r *running, chat core.Chat) {
		r.sends(t, chat, pictured("Look"))
		if err := r.srv.Press("alice", adaptertest.Last(r.srv, "alice", "#general"), "Go"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		press := r.Events()[1]
		if err := press.Back.Update(t.Context(), core.Message{Text: "Gone"}); !errors.Is(err, core.ErrGone) {
			t.Errorf("got %v, want core.ErrGone", err)
		}
		if got := r.srv.Unanswered(); got != 0 {
			t.Errorf("got %d presses without an answer, want none", got)
		}
		adaptertest.Reply(t, press, core.Message{Text: "Done"})
		r.sees(t, "Done")
	})
}

// However often an upload is tried, all of it is sent, with its length.
func TestUploadsAreWhole(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 10_000)
	for name, first := range map[string]adaptertest.Answers{
		"after an outage": adaptertest.Says(502, "<html>"), "after none": adaptertest.Drops,
		"after a pause": adaptertest.Says(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}`),
	} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Tries(t, 2, reads(t, data, first), reads(t, data, adaptertest.Says(200, `{"ok":true,"result":{"message_id":1}}`)), func(t *testing.T, over adaptertest.Answers) error {
				m := core.Message{Text: "Look", Image: &core.Image{Data: data}}
				_, err := through(over).Send(t.Context(), core.Chat{ID: "1"}, m)
				if slow, is := errors.AsType[*core.Slow](err); is && slow.After == 5*time.Second {
					_, err = through(over).Send(t.Context(), core.Chat{ID: "1"}, m)
				}
				return err
			})
		})
	}
}

// reads wants data in a request before it is answered.
func reads(t *testing.T, data []byte, answer adaptertest.Answers) adaptertest.Answers {
	return func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			t.Errorf("got %d bytes and %v, want the %d that were promised", len(body), err, r.ContentLength)
		}
		_, with, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		form, err := multipart.NewReader(bytes.NewReader(body), with["boundary"]).ReadForm(1 << 20)
		if err != nil || len(form.File["photo"]) != 1 || form.File["photo"][0].Size != int64(len(data)) || form.Value["caption"][0] != "Look" {
			t.Errorf("got %v, %v, want a photo of %d bytes", form, err, len(data))
		}
		return answer(r)
	}
}

// What is said of an upload means the same as of a request without one.
func TestWhatErrorsOfUploadsMean(t *testing.T) {
	tests := []struct {
		name string
		net  adaptertest.Answers
		is   error
		text string
	}{
		{"blocked", refuses(403, "Forbidden: bot was blocked by the user"), core.ErrForbidden, "sendPhoto: 403 Forbidden: bot was blocked by the user"},
		{"no rights", refuses(400, "Bad Request: not enough rights to send photos to the chat"), core.ErrForbidden, ""},
		{"refused for another reason", refuses(400, "Bad Request: IMAGE_PROCESS_FAILED"), nil, "sendPhoto: 400 Bad Request: IMAGE_PROCESS_FAILED"},
		{"a gateway", adaptertest.Says(502, "<html>Bad Gateway</html>"), nil, "sendPhoto: HTTP status 502"},
		{"a gateway that speaks JSON", adaptertest.Says(502, `{"error":"Bad Gateway"}`), nil, "sendPhoto: HTTP status 502"},
		{"a redirect", adaptertest.Redirects, nil, "sendPhoto: HTTP status 302"},
		{"cut off", adaptertest.Says(200, `{"ok":true,"resu`), io.ErrUnexpectedEOF, "sendPhoto: unexpected EOF"},
		{"no network", adaptertest.Refuses, nil, "sendPhoto: connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent message
			err := through(tt.net).soon(t.Context(), "sendPhoto", params{"chat_id": "1"}, &sent, photo(emptyPicture())...)
			adaptertest.Means(t, err, tt.is, tt.text)
		})
	}
	for _, base := range adaptertest.Unreachable() {
		a := New(Config{Token: testToken, APIBase: base, HTTP: &http.Client{Transport: http.DefaultTransport}})
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		err := a.soon(ctx, "sendPhoto", params{}, nil, photo(emptyPicture())...)
		stop()
		if err == nil {
			t.Errorf("%s: got nil, want an error", base)
		}
		adaptertest.Keeps(t, err)
	}
}
