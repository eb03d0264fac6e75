package discordtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/usherbot/usher/core/coretest"
)

// Limits of files: platforms.md 1.1, and attachment_size_limit of interactions.
const (
	maxBody        = 25 << 20
	maxFile        = 10 << 20
	maxAttachments = 10
	maxAlt         = 1024
)

const formType = "multipart/form-data"

// file is one that came with a request, in the part files[number].
type file struct {
	number, name string
	data         []byte
}

// attachment is a file of a message.
type attachment struct {
	ID, Name, Description string
	Data                  []byte
}

// listed is what a body says of an attachment: of a file that comes with it, or of one
// that the message has. Ids may be numbers.
type listed struct {
	ID          json.RawMessage `json:"id"`
	Filename    string          `json:"filename"`
	Description *string         `json:"description"`
}

func (n listed) id() string { return strings.Trim(string(n.ID), `"`) }

// takeApart takes a body apart that is a form with files.
func (q *request) takeApart() error {
	_, params, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	if err != nil {
		return errBadForm
	}
	form := multipart.NewReader(bytes.NewReader(q.body), params["boundary"])
	q.body = nil
	for {
		p, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return errBadForm
		}
		if err := q.take(p); err != nil {
			return err
		}
	}
}

// take takes one part.
func (q *request) take(p *multipart.Part) error {
	data, err := io.ReadAll(p)
	number, isFile := strings.CutPrefix(p.FormName(), "files[")
	switch {
	case err != nil:
		return errBadForm
	case len(data) > maxFile:
		return errTooLarge
	case p.FormName() == "payload_json":
		q.body = data
		return nil
	case isFile && p.FileName() != "":
		q.files = append(q.files, file{strings.TrimSuffix(number, "]"), p.FileName(), data})
		return nil
	}
	var f form
	f.wrong(p.FormName(), "UNSUPPORTED_HERE", "This Discord takes payload_json and files[n]")
	return f.err()
}

// attach is what a message that had some attachments has after u: those that u lists,
// or where it lists none at all those that were there, and in any case what came with
// it (API version 9; in later ones that must be listed too).
func (u *utterance) attach(f *form, had []attachment, id func() string) []attachment {
	out, left := slices.Clone(had), slices.Clone(u.files)
	if _, is := u.given["attachments"]; is {
		out = nil
	}
	for i, n := range u.Attachments {
		at := fmt.Sprintf("attachments.%d", i)
		f.length(at+".description", or(n.Description, ""), 0, maxAlt)
		if sent := slices.IndexFunc(left, func(x file) bool { return x.number == n.id() }); sent >= 0 {
			out = append(out, attachment{id(), left[sent].name, or(n.Description, ""), left[sent].data})
			left = slices.Delete(left, sent, sent+1)
			continue
		}
		kept := slices.IndexFunc(had, func(x attachment) bool { return x.ID == n.id() })
		if kept < 0 {
			f.wrong(at+".id", "ATTACHMENT_NOT_FOUND", "Attachment data not found")
			continue
		}
		out = append(out, had[kept])
	}
	for _, x := range left {
		out = append(out, attachment{id(), x.name, "", x.data})
	}
	f.amount("attachments", len(out), 0, maxAttachments)
	return out
}

// picture reports whether clients show a itself, and not only its name.
func (a attachment) picture() bool {
	return slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif", ".webp"}, strings.ToLower(path.Ext(a.Name))) &&
		strings.HasPrefix(http.DetectContentType(a.Data), "image/")
}

// viewFiles is what people see of the attachments of a message: pictures, and the
// names of other files.
func (s said) viewFiles() (names []string, pictures []coretest.Control) {
	for _, a := range s.Attachments {
		if a.picture() {
			pictures = append(pictures, coretest.Control{Kind: coretest.Picture, Text: a.Description, Data: a.Data})
			continue
		}
		names = append(names, a.Name)
	}
	return names, pictures
}

func (m *message) wireAttachments() []object {
	out := []object{}
	for _, a := range m.said.Attachments {
		at := "https://cdn.discord.example/attachments/" + m.in.ID + "/" + a.ID + "/" + a.Name
		o := object{
			"id": a.ID, "filename": a.Name, "size": len(a.Data), "url": at, "proxy_url": at,
			"content_type": http.DetectContentType(a.Data),
		}
		if a.Description != "" {
			o["description"] = a.Description
		}
		if m.only != nil {
			o["ephemeral"] = true
		}
		out = append(out, o)
	}
	return out
}
