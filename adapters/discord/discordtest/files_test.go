package discordtest_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core/coretest"
)

const gif = "GIF89a"

func files(names ...string) []*discordgo.File {
	var out []*discordgo.File
	for _, name := range names {
		out = append(out, &discordgo.File{Name: name, Reader: strings.NewReader(gif + name)})
	}
	return out
}

// part is one of a form: a file where it has a name of one.
type part struct{ name, file, data string }

// form sends one that no library would.
func (b *bot) form(method, to string, all ...part) (*discordgo.Message, error) {
	b.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range all {
		create := func() (io.Writer, error) { return w.CreateFormField(p.name) }
		if p.file != "" {
			create = func() (io.Writer, error) { return w.CreateFormFile(p.name, p.file) }
		}
		into, err := create()
		b.must(err)
		_, err = io.WriteString(into, p.data)
		b.must(err)
	}
	b.must(w.Close())
	raw, err := b.RequestWithLockedBucket(method, to, w.FormDataContentType(), body.Bytes(), b.Ratelimiter.LockBucket("x"), 0)
	if err != nil {
		return nil, err
	}
	return decode[discordgo.Message](b, raw), nil
}

func TestFiles(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		c := b.srv.Channel("alice", general)
		m, err := b.ChannelMessageSendComplex(c, &discordgo.MessageSend{Content: "Look", Files: files("cat.gif", "notes.txt"), Components: buttons(press("Go"))})
		b.must(err)
		b.wants("bob", general, "Look notes.txt [picture] [Go]")
		if got := b.newest("bob", general).Controls[0]; got.Kind != coretest.Picture || string(got.Data) != gif+"cat.gif" || got.Text != "" {
			t.Errorf("got %+v, want the picture of a cat", got)
		}
		if len(m.Attachments) != 2 || m.Attachments[0].Filename != "cat.gif" || m.Attachments[0].ContentType != "image/gif" || m.Attachments[0].Size != len(gif+"cat.gif") {
			t.Errorf("got %+v, want both files", m.Attachments)
		}
		_, err = b.ChannelMessageEdit(c, m.ID, "Look!") // what is not said stays
		b.must(err)
		b.wants("bob", general, "Look! notes.txt [picture] [Go] (edited)")
		_, err = b.ChannelMessageEditComplex(&discordgo.MessageEdit{Channel: c, ID: m.ID, Files: files("dog.gif")})
		b.must(err)
		b.wants("bob", general, "Look! notes.txt [picture] [picture] [Go] (edited)")

		at := discordgo.EndpointChannelMessage(c, m.ID)
		_, err = b.form("PATCH", at, part{"payload_json", "", `{"attachments":[{"id":0,"description":"A bird"},{"id":"` + m.Attachments[1].ID + `"}]}`}, part{"files[0]", "bird.gif", gif})
		b.must(err)
		b.wants("bob", general, "Look! notes.txt [picture] [Go] (edited)")
		if got := b.newest("bob", general).Controls[0]; got.Text != "A bird" || string(got.Data) != gif {
			t.Errorf("got %+v, want the bird in place of the others", got)
		}
		_, err = b.form("PATCH", at, part{"payload_json", "", `{"attachments":[]}`})
		b.must(err)
		b.wants("bob", general, "Look! [Go] (edited)")
		sent := b.srv.Requests("PATCH /channels/{channel_id}/messages/{message_id}")
		if got := sent[2]; got.Type != "multipart/form-data" || !slices.Equal(got.Files, []string{"files[0]"}) || !strings.HasPrefix(string(got.Body), `{"attachments"`) {
			t.Errorf("got a request of type %s with files %q, want what was sent", got.Type, got.Files)
		}
		_, err = b.ChannelFileSend(c, "alone.gif", strings.NewReader(gif))
		b.must(err)
	})
}

func TestBadFiles(t *testing.T) {
	json := func(s string) part { return part{"payload_json", "", s} }
	file := func(n int) part { return part{fmt.Sprintf("files[%d]", n), "a.gif", gif} }
	eleven := []part{json(`{}`)}
	for n := range 11 {
		eleven = append(eleven, file(n))
	}
	large := part{"files[0]", "a.gif", strings.Repeat("x", 10<<20+1)}
	for _, tt := range []struct {
		name         string
		parts        []part
		status, code int
		part         string
	}{
		{"no such file", []part{json(`{"attachments":[{"id":"1"}]}`), file(0)}, 400, 50035, "ATTACHMENT_NOT_FOUND"},
		{"a file twice", []part{json(`{"attachments":[{"id":"0"},{"id":0}]}`), file(0)}, 400, 50035, "ATTACHMENT_NOT_FOUND"},
		{"a file without a name", []part{json(`{"attachments":[{"id":0}]}`), {"files[0]", "", gif}}, 400, 50035, "files[0]"},
		{"description", []part{json(`{"attachments":[{"id":0,"description":"` + strings.Repeat("ж", 1025) + `"}]}`), file(0)}, 400, 50035, "1024 or fewer"},
		{"eleven", eleven, 400, 50035, "between 0 and 10"},
		{"nothing", []part{json(`{}`)}, 400, 50006, "empty"},
		{"a large file", []part{json(`{}`), large}, 413, 40005, "too large"},
		{"a large request", []part{json(`{}`), {"files[0]", "a.gif", strings.Repeat("x", 25<<20)}}, 413, 40005, "too large"},
		{"no words", []part{file(0)}, 400, 50109, "JSON"},
		{"words that are none", []part{json(`{`), file(0)}, 400, 50109, "JSON"},
		{"another part", []part{json(`{"content":"x"}`), {"sound", "a.mp3", "x"}}, 400, 50035, "sound"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, discordtest.Options{}, func(b *bot) {
				_, err := b.form("POST", discordgo.EndpointChannelMessages(b.srv.Channel("alice", general)), tt.parts...)
				b.refused(err, tt.status, tt.code, tt.part)
				b.wants("bob", general, "")
			})
		})
	}
	bubble(t, discordtest.Options{}, func(b *bot) {
		_, err := b.form("POST", discordgo.EndpointUserChannels("@me"), json(`{"recipient_id":"`+b.srv.ID("alice")+`"}`))
		b.refused(err, 400, 50035, "Content-Type")
	})
}

func TestFilesAreDenied(t *testing.T) {
	online(t, func(b *bot) {
		c := b.srv.Channel("alice", general)
		m, err := b.ChannelMessageSend(c, "Look")
		b.must(err)
		b.srv.DenyFiles(general)
		_, err = b.ChannelMessageSendComplex(c, &discordgo.MessageSend{Content: "x", Files: files("a.gif")})
		b.refused(err, 403, 50013, "Missing Permissions")
		_, err = b.ChannelMessageEditComplex(&discordgo.MessageEdit{Channel: c, ID: m.ID, Files: files("a.gif")})
		b.refused(err, 403, 50013, "Missing Permissions")
		b.reply(b.ask(), 4, &answer{Content: "An answer", Files: files("a.gif")})
		b.wants("bob", general, "Look\nAn answer [picture]")
		b.srv.AllowFiles(general)
		_, err = b.ChannelMessageSendComplex(c, &discordgo.MessageSend{Files: files("a.gif")})
		b.must(err)
	}, ping)
}

// Answers have files in every way in which they are given.
func TestFilesOfAnswers(t *testing.T) {
	online(t, func(b *bot) {
		i := b.ask()
		b.reply(i, 4, &answer{Content: "For you", Files: files("a.gif"), Flags: private})
		b.wants("alice", general, "For you [picture] (private)")
		b.wants("bob", general, "")
		more, err := b.FollowupMessageCreate(i.asked(), true, &discordgo.WebhookParams{Content: "More", Files: files("b.gif"), Components: buttons(press("Go"))})
		b.must(err)
		b.wants("bob", general, "More [picture] [Go]")
		none := []*discordgo.MessageAttachment{}
		_, err = b.FollowupMessageEdit(i.asked(), more.ID, &discordgo.WebhookEdit{Attachments: &none})
		b.must(err)
		b.wants("bob", general, "More [Go] (edited)")
		b.must(b.srv.Press("bob", b.newest("bob", general), "Go"))
		b.reply(b.interaction(), 7, &answer{Content: "Changed", Files: files("c.gif"), Components: buttons(press("Go"))})
		b.wants("bob", general, "Changed [picture] [Go] (edited)")

		late := b.ask()
		b.reply(late, 5, &answer{})
		text := "Late"
		_, err = b.InteractionResponseEdit(late.asked(), &discordgo.WebhookEdit{Content: &text, Files: files("d.gif")})
		b.must(err)
		if got := b.newest("bob", general).String(); got != "Late [picture]" {
			t.Errorf("got %q, want the answer in place of the deferral", got)
		}
	}, ping)
}

// In the response to a delivery there are none.
func TestNoFilesInResponses(t *testing.T) {
	hooked(t, func(*bot, *received) (int, string) {
		return http.StatusOK, "--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{\"type\":4,\"data\":{\"content\":\"x\"}}\r\n--x--\r\n"
	}, func(b *bot) {
		b.srv.Say("alice", general, "/ping")
		time.Sleep(time.Second)
		if got := b.srv.Failures(); len(got) != 1 || !strings.Contains(got[0], "invalid JSON") {
			t.Errorf("got failures %q, want the answer refused", got)
		}
		b.wants("alice", general, "")
	})
}
