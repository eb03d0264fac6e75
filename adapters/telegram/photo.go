package telegram

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// Limits of a photo, from the Bot API's page on sendPhoto.
const (
	maxCaption = 1024
	maxPhoto   = 10 << 20 // bytes
)

// photoField is where the file of a photo is in a request.
const photoField = "photo"

// sending is the method that sends m, with what it takes.
func sending(m core.Message) (method string, p params, files []file) {
	if m.Image == nil {
		return "sendMessage", render(m), nil
	}
	text, entities := caption(m)
	p = params{"show_caption_above_media": "true"}
	if text != "" {
		p["caption"] = text
	}
	if len(entities) > 0 {
		p["caption_entities"] = asJSON(entities)
	}
	return "sendPhoto", attach(p, m), photo(m.Image.Data)
}

// editing is the method that makes m of another message, with what it takes. It
// makes a photo of a text, but no text of a photo.
func editing(m core.Message) (method string, p params, files []file) {
	if m.Image == nil {
		return "editMessageText", render(m), nil
	}
	text, entities := caption(m)
	p = params{"media": asJSON(inputPhoto{Type: "photo", Media: "attach://" + photoField, Caption: text, Entities: entities, Above: true})}
	return "editMessageMedia", attach(p, m), photo(m.Image.Data)
}

// inputPhoto is a photo whose file is in the request.
type inputPhoto struct {
	Type     string   `json:"type"`
	Media    string   `json:"media"`
	Caption  string   `json:"caption,omitempty"`
	Entities []entity `json:"caption_entities,omitempty"`
	Above    bool     `json:"show_caption_above_media"`
}

// caption is what m says beside its image: nothing, if need be.
func caption(m core.Message) (string, []entity) {
	text, entities := written(m.Text)
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	return text, entities
}

func photo(data []byte) []file {
	return []file{{Name: photoField, Data: tgbotapi.FileBytes{Name: "image", Bytes: data}}}
}

// show does what shows m: with its image, or without where that is too large or is
// refused. It may be too large in another way, or photos may not be sent there, which
// an operator is told once.
func (a *Adapter) show(in core.Chat, m core.Message, do func(core.Message) error) error {
	if m.Image == nil {
		return do(m)
	}
	if len(m.Image.Data) > maxPhoto {
		return do(worded(m))
	}
	err := do(m)
	if !hopeless(err) || errors.Is(err, core.ErrGone) {
		return err
	}
	without := do(worded(m))
	if without == nil || errors.Is(without, core.ErrGone) {
		a.imageless.Do(func() {
			a.log.Warn("messages are shown without their images", "platform", platform, "chat", in.ID, "error", err)
		})
	}
	return without
}

// worded is m without its image. What that shows is in the text already, unless the
// text before it was too long for a caption.
func worded(m core.Message) core.Message {
	m.Text, m.Image = cmp.Or(m.Text, markup.Plain(m.Image.Alt)), nil
	return m
}

// takeDown ends a message whose photo m does not have. It deletes it and returns
// core.ErrGone, so that m is sent anew; what is too old to be deleted becomes m with
// an empty picture.
func (a *Adapter) takeDown(ctx context.Context, r core.Ref, m core.Message) error {
	err := a.Delete(ctx, r)
	switch {
	case err == nil:
		return fmt.Errorf("edit: a photo cannot become a text: %w", core.ErrGone)
	case !errors.Is(err, core.ErrGone):
		return err
	}
	m.Image = &core.Image{Data: emptyPicture()}
	m.Text = markup.Cut(m.Text, func(t markup.Text) bool { return lengthOf(t) <= maxCaption })
	return a.edit(ctx, r, m)
}

// emptyPicture is a plain grey one, large enough to be taken for a photo.
func emptyPicture() []byte {
	const side = 64
	var out bytes.Buffer
	grey := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.Gray{Y: 0xbb}})
	if err := png.Encode(&out, grey); err != nil {
		panic(fmt.Sprintf("telegram: encode a picture: %v", err)) // to memory
	}
	return out.Bytes()
}
