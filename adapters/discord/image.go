package discord

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core"
)

// maxAlt is how much an attachment may say of itself: platforms.md 1.1.
const maxAlt = 1024

// attachment is a file of a message. It shows by itself, below the text. A message
// that is edited keeps those that it lists and no others.
type attachment struct {
	ID          string `json:"id"` // of a file that is sent along: its number
	Filename    string `json:"filename"`
	Description string `json:"description,omitempty"`
}

// attached are the attachments of a message with that image. There may be none, but
// not null, which would leave those that it had.
func attached(i *core.Image) []attachment {
	if i == nil {
		return []attachment{}
	}
	return []attachment{{ID: "0", Filename: fileName(i.Data), Description: cut(i.Alt, maxAlt)}}
}

var fileNames = map[string]string{"image/jpeg": "picture.jpg", "image/gif": "picture.gif"}

func fileName(image []byte) string {
	return cmp.Or(fileNames[http.DetectContentType(image)], "picture.png")
}

// encode makes a body of what is to be said: a message with an image is a form with
// a file.
func encode(body any) (contentType string, raw []byte, err error) {
	p, says := body.(payload)
	switch {
	case body == nil:
		return "", nil, nil
	case !says || p.image == nil:
		raw, err = json.Marshal(body)
		return "application/json", raw, err
	}
	return discordgo.MultipartBodyWithJSON(p, []*discordgo.File{{
		Name: fileName(p.image.Data), ContentType: http.DetectContentType(p.image.Data), Reader: bytes.NewReader(p.image.Data),
	}})
}

// inWords is p without its image, with what that shows in the text.
func (p payload) inWords() payload {
	room := budget(maxText - 1 - utf8.RuneCountInString(p.Content))
	words := room.plain(p.image.Alt, maxText)
	switch {
	case p.Content == "":
		p.Content = words
	case words != "":
		p.Content += "\n" + words
	}
	p.image, p.Attachments = nil, attached(nil)
	return p.spoken()
}

// spoken is p with something to say: Discord takes no message without.
func (p payload) spoken() payload {
	if p.Content == "" && len(p.Embeds) == 0 && p.image == nil {
		p.Content = "…"
	}
	return p
}
