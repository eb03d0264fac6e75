package telegramtest

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image"
	_ "image/gif" // a format of photos, as the next two
	_ "image/jpeg"
	_ "image/png"
	"net/url"
	"slices"
	"strings"
)

// Limits of a photo, from the Bot API's page on sendPhoto.
const (
	maxPhoto = 10 << 20 // bytes
	maxSides = 10000    // width and height together
	maxRatio = 20       // of one to the other
)

// photo is a picture that was uploaded.
type photo struct {
	data          []byte
	width, height int
}

// readPhoto reads the file that a parameter names, or that has its name. Files that
// were sent before, and those of the web, are not for this bot.
func readPhoto(name, value string, files map[string][]byte, missing string) (*photo, error) {
	if at, attached := strings.CutPrefix(value, "attach://"); attached {
		name, value = at, ""
	}
	data, there := files[name]
	switch {
	case value != "":
		return nil, badf("wrong file identifier/HTTP URL specified")
	case !there:
		return nil, badf("%s", missing)
	case len(data) > maxPhoto:
		return nil, badf("file of size %d bytes is too big for a photo; the maximum size is %d bytes", len(data), maxPhoto)
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		return nil, badf("IMAGE_PROCESS_FAILED")
	case c.Width+c.Height > maxSides || c.Width > maxRatio*c.Height || c.Height > maxRatio*c.Width:
		return nil, badf("PHOTO_INVALID_DIMENSIONS")
	}
	return &photo{data, c.Width, c.Height}, nil
}

// size is p as the photo of m.
func (p *photo) size(m *message) photoSize {
	h := fnv.New64a()
	h.Write(p.data) // never returns an error
	unique := fmt.Sprintf("AQAD%x", h.Sum64())
	return photoSize{ID: fmt.Sprintf("AgAC%s-%d", unique, m.id), Unique: unique, Width: p.width, Height: p.height, Size: len(p.data)}
}

// inputMedia is a photo with what is said to it.
type inputMedia struct {
	Type     string   `json:"type"`
	Media    string   `json:"media"`
	Mode     string   `json:"parse_mode"`
	Caption  string   `json:"caption"`
	Entities []Entity `json:"caption_entities"`
	Above    bool     `json:"show_caption_above_media"`
}

// captioned is a photo with its caption and markup.
func (s *Server) captioned(in inputMedia, picture *photo, markup string) (said, error) {
	if in.Mode != "" {
		return said{}, badf("unsupported parse_mode")
	}
	text, entities, err := fixCaption(in.Caption, in.Entities)
	if err != nil {
		return said{}, err
	}
	out := said{text: text, entities: slices.DeleteFunc(entities, s.stranger), photo: picture, above: in.Above}
	out.rows, out.force, err = readMarkup(markup)
	return out, err
}

// sendPhoto shows a photo in a chat.
func (s *Server) sendPhoto(p url.Values, files map[string][]byte) (any, error) {
	picture, err := readPhoto("photo", p.Get("photo"), files, "there is no photo in the request")
	if err != nil {
		return nil, err
	}
	in := inputMedia{Mode: p.Get("parse_mode"), Caption: p.Get("caption"), Above: truth(p, "show_caption_above_media")}
	if err := object(p, "caption_entities", "caption entities", &in.Entities); err != nil {
		return nil, err
	}
	what, err := s.captioned(in, picture, p.Get("reply_markup"))
	if err != nil {
		return nil, err
	}
	c, err := s.writable(p)
	switch {
	case err != nil:
		return nil, err
	case c.noPhotos:
		return nil, badf("not enough rights to send photos to the chat")
	}
	return s.post(c, p, what)
}

// editMessageMedia makes a photo of what the bot has said or shown. The other kinds
// of media are not for this bot.
func (s *Server) editMessageMedia(p url.Values, files map[string][]byte) (any, error) {
	var in inputMedia
	if err := object(p, "media", "input media", &in); err != nil {
		return nil, err
	}
	switch in.Type {
	case "":
		return nil, badf("can't parse InputMedia: Can't find field \"type\"")
	case "photo":
	default:
		return nil, badf("can't parse InputMedia: photo expected, got %s", in.Type)
	}
	picture, err := readPhoto("", in.Media, files, "can't parse InputMedia: media not found")
	if err != nil {
		return nil, err
	}
	what, err := s.captioned(in, picture, p.Get("reply_markup"))
	if err != nil {
		return nil, err
	}
	m, err := s.editable(p, what)
	switch {
	case err != nil:
		return nil, err
	case m.chat.noPhotos:
		return nil, badf("not enough rights to send photos to the chat")
	}
	return s.edit(m, what), nil
}
