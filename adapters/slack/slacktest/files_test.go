package slacktest_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/usherbot/usher/adapters/slack/slacktest"
	"github.com/usherbot/usher/core/coretest"
)

const png = "\x89PNG\r\n\x1a\nand more"

// reserve asks where to upload so many bytes.
func (b *bot) reserve(length int) *slack.GetUploadURLExternalResponse {
	b.Helper()
	to, err := b.api.GetUploadURLExternalContext(b.Context(), slack.GetUploadURLExternalParameters{FileName: "a.png", FileSize: length})
	b.must("ask where to upload", err)
	return to
}

func (b *bot) fill(to *slack.GetUploadURLExternalResponse, data string) error {
	return b.api.UploadToURL(b.Context(), slack.UploadToURLParameters{UploadURL: to.UploadURL, Filename: "a.png", Content: data})
}

func (b *bot) complete(id string) error {
	_, err := b.api.CompleteUploadExternalContext(b.Context(), slack.CompleteUploadExternalParameters{Files: []slack.FileSummary{{ID: id}}})
	return err
}

// uploaded is a file that can be shown.
func (b *bot) uploaded(data string) string {
	b.Helper()
	to := b.reserve(len(data))
	b.must("upload", b.fill(to, data))
	b.must("complete", b.complete(to.FileID))
	time.Sleep(time.Second)
	return to.FileID
}

func image(id, alt string) slack.MsgOption {
	return slack.MsgOptionBlocks(section("Look"), slack.NewImageBlockSlackFile(&slack.SlackFileObject{ID: id}, alt, "", nil),
		slack.NewActionBlock("", button("Go", "v")))
}

func TestPictures(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c := b.place(general)
		to := b.reserve(len(png))
		show := func(id string) error {
			_, _, err := b.api.PostMessageContext(b.Context(), c, text("x"), image(id, "A cat"))
			return err
		}
		b.refused("show what is not uploaded", show(to.FileID), "invalid_blocks")
		b.must("upload", b.fill(to, png))
		b.refused("show what is not complete", show(to.FileID), "invalid_blocks")
		b.must("complete", b.complete(to.FileID))
		b.refused("show what is not ready", show(to.FileID), "invalid_blocks")
		time.Sleep(time.Second)
		_, ts, err := b.api.PostMessageContext(b.Context(), c, text("Edit"))
		b.must("post", err)
		_, _, _, err = b.api.UpdateMessageContext(b.Context(), c, ts, text("x"), image(to.FileID, "A cat"))
		b.must("edit", err)
		if got := b.sees("bob", general, "Look").Controls[0]; got.Kind != coretest.Picture || got.Text != "File not found" || got.Data != nil {
			b.Errorf("got %+v of what is not shared, want nothing to see", got)
		}
		b.must("delete", func() error { _, _, err := b.api.DeleteMessageContext(b.Context(), c, ts); return err }())
		b.must("show", show(to.FileID))
		got := b.sees("bob", general, "Look")
		if first := got.Controls[0]; got.String() != "Look [picture] [Go]" || first.Kind != coretest.Picture || first.Text != "A cat" || string(first.Data) != png {
			b.Errorf("got %q, first %+v, want the picture first", got, first)
		}
		b.must("delete", b.api.DeleteFileContext(b.Context(), to.FileID))
		if got := b.sees("bob", general, "Look"); got.String() != "Look [Go]" || b.srv.Files() != 0 {
			b.Errorf("got %q and %d files, want the picture gone", got, b.srv.Files())
		}
		b.refused("show what is deleted", show(to.FileID), "invalid_blocks")
	})
}

func TestFilesRefused(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c := b.place(general)
		remove := func(id string) error { return b.api.DeleteFileContext(b.Context(), id) }
		to := b.reserve(len(png))
		b.refused("upload less", b.fill(to, png[1:]), "slack server error: 400 Bad Request")
		b.refused("complete nothing", b.complete(to.FileID), "file_not_found")
		b.refused("delete nothing", remove(to.FileID), "file_not_found")
		b.must("upload", b.fill(to, png))
		b.refused("upload twice", b.fill(to, png), "slack server error: 404 Not Found")
		b.must("complete", b.complete(to.FileID))
		b.refused("complete twice", b.complete(to.FileID), "file_update_failed")
		b.refused("complete what is not", b.complete("F9"), "file_not_found")
		b.must("delete", remove(to.FileID))
		b.refused("delete twice", remove(to.FileID), "file_deleted")
		b.refused("complete what is deleted", b.complete(to.FileID), "file_not_found")

		foreign := b.srv.Upload("alice", []byte(png))
		b.refused("complete alice's", b.complete(foreign), "file_not_found")
		b.refused("delete alice's", remove(foreign), "cant_delete_file")
		mine, words := b.uploaded(png), b.uploaded("no picture")
		for name, block := range map[string]*slack.ImageBlock{
			"alice's":        {Type: slack.MBTImage, SlackFile: &slack.SlackFileObject{ID: foreign}, AltText: "x"},
			"what is none":   {Type: slack.MBTImage, SlackFile: &slack.SlackFileObject{ID: words}, AltText: "x"},
			"it twice":       {Type: slack.MBTImage, SlackFile: &slack.SlackFileObject{ID: mine, URL: "https://x.example"}, AltText: "x"},
			"two":            {Type: slack.MBTImage, SlackFile: &slack.SlackFileObject{ID: mine}, ImageURL: "https://x.example", AltText: "x"},
			"nothing":        {Type: slack.MBTImage, SlackFile: &slack.SlackFileObject{}, AltText: "x"},
			"it unsaid":      {Type: slack.MBTImage, SlackFile: &slack.SlackFileObject{ID: mine}},
			"it with a poem": {Type: slack.MBTImage, SlackFile: &slack.SlackFileObject{ID: mine}, AltText: strings.Repeat("x", 2001)},
		} {
			_, _, err := b.api.PostMessageContext(b.Context(), c, text("x"), slack.MsgOptionBlocks(block))
			b.refused("show "+name, err, "invalid_blocks")
		}
		b.post(c, text("x"), image(mine, strings.Repeat("x", 2000)))
	})
}

// Whoever knows the address can upload the bare bytes; what they are is nobody's
// to read in Requests.
func TestUploadBytes(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		to := b.reserve(len(png))
		resp, err := b.srv.Client().Post(to.UploadURL, "application/octet-stream", bytes.NewReader([]byte(png)))
		b.must("upload", err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			b.Errorf("got status %d, want 200", resp.StatusCode)
		}
		b.must("complete", b.complete(to.FileID))
		if got := b.srv.Requests(slacktest.UploadURL); len(got) != 1 || len(got[0].Params) != 0 || got[0].Status != http.StatusOK {
			b.Errorf("got %v, want one upload", got)
		}
	})
}

func TestScopes(t *testing.T) {
	connected(t, slacktest.Options{}, func(b *bot) {
		c, mine := b.place(general), b.uploaded(png)
		b.srv.Ungrant("files:write")
		_, err := b.api.GetUploadURLExternalContext(b.Context(), slack.GetUploadURLExternalParameters{FileName: "a.png", FileSize: 1})
		b.refused("upload", err, "missing_scope")
		if said, is := errors.AsType[slack.SlackErrorResponse](err); !is || said.Needed != "files:write" || strings.Contains(said.Provided, "files") {
			b.Errorf("got %+v, want what it needs and has", err)
		}
		b.refused("delete", b.api.DeleteFileContext(b.Context(), mine), "missing_scope")
		b.post(c, text("x"), image(mine, "A cat"))
		b.srv.Ungrant("chat:write")
		_, _, err = b.api.PostMessageContext(b.Context(), c, text("x"))
		b.refused("post", err, "missing_scope")
	})
}
